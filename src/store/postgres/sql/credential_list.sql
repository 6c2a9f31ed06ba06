SELECT * FROM :"schema".mh_credentials($1, $2, $3)
