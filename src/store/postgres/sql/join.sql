SELECT * FROM :"schema".mh_join($1, $2, $3)
