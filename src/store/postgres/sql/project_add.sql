SELECT * FROM :"schema".mh_project_add($1, $2, $3, $4, $5, $6)
