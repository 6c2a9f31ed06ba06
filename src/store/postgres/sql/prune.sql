SELECT * FROM :"schema".mh_prune($1, $2, $3)
