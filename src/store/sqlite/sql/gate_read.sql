-- The limits of the type with number ?1. By the primary key.
SELECT max_running, per_tenant, per_key FROM gate WHERE type = ?1;
