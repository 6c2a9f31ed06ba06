SELECT * FROM :"schema".mh_project_remove($1, $2)
