SELECT * FROM :"schema".mh_index_imports($1, $2, $3, $4, $5)
