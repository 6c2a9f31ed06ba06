-- The gate of the type with number ?1 goes when no limit is left. By the primary key.
DELETE FROM gate WHERE type = ?1 AND max_running = 0 AND per_tenant = 0 AND per_key = 0;
