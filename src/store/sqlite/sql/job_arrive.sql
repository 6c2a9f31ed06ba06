-- A job that is held: processing in the lease of nobody, and else as it was: id ?1, tenant ?2, lane
-- ?3, attempts ?4, max_attempts ?5, run_at ?6, created_at ?7, started_at ?8, completed_at ?9,
-- next_retry_at ?10, progress ?11, worker_id ?12, unique_key ?13, correlation_id ?14,
-- traceparent ?15, error ?16, payload ?17 or null.
INSERT INTO job (status, lease, due_at, id, tenant, lane, attempts, max_attempts, run_at,
                 created_at, started_at, completed_at, next_retry_at, progress, worker_id,
                 unique_key, correlation_id, traceparent, error, payload)
VALUES (1, -1, max(?6, 1), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
        ?17);
