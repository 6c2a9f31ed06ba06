-- Job ?1 goes back to pending after a failed attempt: due at ?2, run_at ?3, next_retry_at ?4 or
-- null, error ?5. By the primary key.
UPDATE job
SET status = 0, lease = NULL, due_at = ?2, run_at = ?3, next_retry_at = ?4, error = ?5,
    progress = NULL
WHERE seq = ?1;
