-- See ENGINE.md. The id of the job, or of the standing one.
SELECT :"schema".mh_dispatch_single($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
