SELECT * FROM :"schema".mh_index_search($1, $2, $3, $4, $5, $6, $7, $8)
