-- All tenants. By the unique name.
SELECT id, name, plan, created_at FROM tenant ORDER BY name;
