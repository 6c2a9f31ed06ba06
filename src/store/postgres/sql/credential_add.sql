SELECT * FROM :"schema".mh_credential_add($1, $2, $3, $4, $5, $6)
