-- See ENGINE.md. $6 is one row more than the page has.
SELECT * FROM :"schema".mh_list($1, $2, $3, $4, $5, $6, $7)
