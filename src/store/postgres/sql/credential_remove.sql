SELECT * FROM :"schema".mh_credential_remove($1, $2)
