SELECT * FROM :"schema".mh_projects($1, $2, $3)
