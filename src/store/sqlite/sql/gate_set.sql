-- The type with number ?1 may run ?2 jobs at once, ?3 of a tenant, ?4 for each value of member ?5;
-- what is negative stays as it is. By the primary key.
INSERT INTO gate (type, max_running, per_tenant, per_key, key)
VALUES (?1, max(?2, 0), max(?3, 0), max(?4, 0), ?5)
ON CONFLICT (type) DO UPDATE
SET max_running = iif(?2 < 0, max_running, ?2),
    per_tenant = iif(?3 < 0, per_tenant, ?3),
    per_key = iif(?4 < 0, per_key, ?4),
    key = iif(?4 < 0, key, ?5);
