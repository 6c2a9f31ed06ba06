-- $1 the name of the schema: whether it is there, and has roles. Also for those who may not look
-- into it.
SELECT count(*) > 0, coalesce(bool_or(pg_get_userbyid(c.relowner) = 'millhand_owner'), false)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = 'migration' AND c.relkind = 'r'
