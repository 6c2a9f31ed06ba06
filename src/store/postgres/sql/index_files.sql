SELECT * FROM :"schema".mh_index_files($1, $2, $3, $4, $5, $6)
