-- Job ?1 goes back to pending with ?2 attempts, due at ?3, run_at ?4: as if this attempt had not
-- been. By the primary key.
UPDATE job
SET status = 0, lease = NULL, attempts = ?2, due_at = ?3, run_at = ?4, started_at = NULL,
    worker_id = NULL, progress = NULL
WHERE seq = ?1;
