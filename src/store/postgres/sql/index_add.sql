SELECT :"schema".mh_index_add($1, $2, $3)
