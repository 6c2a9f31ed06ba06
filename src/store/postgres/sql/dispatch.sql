-- See ENGINE.md. Gives the standing ones only.
SELECT * FROM :"schema".mh_dispatch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
