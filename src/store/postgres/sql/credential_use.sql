SELECT * FROM :"schema".mh_credential_use($1, $2)
