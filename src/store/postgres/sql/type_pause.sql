SELECT * FROM :"schema".mh_type_pause($1, $2)
