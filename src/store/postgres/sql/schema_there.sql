-- $1 the name of the schema. Also for roles that may not look into it.
SELECT EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = 'migration' AND c.relkind = 'r')
