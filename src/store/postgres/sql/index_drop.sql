SELECT :"schema".mh_index_drop($1, $2, $3)
