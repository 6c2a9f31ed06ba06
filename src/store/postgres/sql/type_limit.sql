SELECT * FROM :"schema".mh_type_limit($1, $2, $3, $4, $5)
