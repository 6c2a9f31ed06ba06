SELECT :"schema".mh_index_sweep($1, $2)
