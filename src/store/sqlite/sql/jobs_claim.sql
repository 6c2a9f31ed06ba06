-- Jobs ?1 to ?2, all of them, are processing, in lease ?3, since ?4, by worker ?5. By the primary
-- key.
UPDATE job
SET status = 1, lease = ?3, started_at = ?4, worker_id = ?5, attempts = attempts + 1,
    next_retry_at = NULL
WHERE seq BETWEEN ?1 AND ?2;
