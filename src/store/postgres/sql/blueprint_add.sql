SELECT :"schema".mh_blueprint_add($1, $2, $3, $4, $5, $6, $7)
