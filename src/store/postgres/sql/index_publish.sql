SELECT :"schema".mh_index_publish($1, $2, $3, $4)
