SELECT * FROM :"schema".mh_tenant_remove($1)
