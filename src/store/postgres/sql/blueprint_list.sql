SELECT * FROM :"schema".mh_blueprints($1, $2, $3, $4, $5)
