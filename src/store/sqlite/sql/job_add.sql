-- A pending job: id ?1, tenant ?2, lane ?3, max_attempts ?4, due_at ?5 or 0, run_at ?6, created_at
-- ?7, unique_key ?8, correlation_id ?9, traceparent ?10, payload ?11 or null.
INSERT INTO job (id, tenant, lane, max_attempts, due_at, run_at, created_at, unique_key,
                 correlation_id, traceparent, payload)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);
