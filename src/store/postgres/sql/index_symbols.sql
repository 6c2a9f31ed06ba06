SELECT * FROM :"schema".mh_index_symbols($1, $2, $3, $4, $5)
