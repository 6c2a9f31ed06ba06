SELECT * FROM :"schema".mh_leave($1)
