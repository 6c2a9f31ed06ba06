SELECT :"schema".mh_disown($1, $2)
