SELECT * FROM :"schema".mh_tenant_add($1, $2, $3)
