SELECT * FROM :"schema".mh_note($1, $2, $3, $4, $5)
