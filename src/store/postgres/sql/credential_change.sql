SELECT * FROM :"schema".mh_credential_change($1, $2, $3, $4, $5, $6)
