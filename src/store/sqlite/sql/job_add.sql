-- A pending job: id ?1, tenant ?2, lane ?3, status ?4 and due_at ?5, both null where it comes into
-- a span, max_attempts ?6, run_at ?7, created_at ?8, unique_key ?9, correlation_id ?10, traceparent
-- ?11, payload ?12 or null.
INSERT INTO job (id, tenant, lane, status, due_at, max_attempts, run_at, created_at, unique_key,
                 correlation_id, traceparent, payload)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12);
