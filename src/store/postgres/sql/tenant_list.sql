SELECT * FROM :"schema".mh_tenants()
