SELECT * FROM :"schema".mh_act($1, $2)
