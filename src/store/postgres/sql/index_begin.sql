SELECT * FROM :"schema".mh_index_begin($1, $2)
