-- Of job ?1 at ?2: kind ?3, by its worker if ?4, progress ?5, text ?6, next_retry_at ?7. By the
-- primary key.
INSERT INTO event (at, kind, job, worker_id, attempts, progress, text, next_retry_at)
SELECT ?2, ?3, id, CASE WHEN ?4 THEN worker_id END, attempts, ?5, ?6, ?7
FROM job_now WHERE seq = ?1;
