-- See ENGINE.md.
SELECT * FROM :"schema".mh_list($1, $2, $3, $4, $5, $6, $7, $8)
