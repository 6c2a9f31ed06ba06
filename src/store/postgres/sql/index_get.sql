SELECT * FROM :"schema".mh_index_get($1, $2)
