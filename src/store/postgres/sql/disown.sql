SELECT stands FROM :"schema".mh_disown($1, $2)
