SELECT * FROM :"schema".mh_attempts($1)
