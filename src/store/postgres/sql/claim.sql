-- See ENGINE.md. The first row is about the claim, each after it a job.
SELECT * FROM :"schema".mh_claim($1, $2, $3, $4)
