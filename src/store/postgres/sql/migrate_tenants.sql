-- $1 the table, as it would be written in SQL.
SELECT :"schema".mh_adopt_tenants($1::regclass)
