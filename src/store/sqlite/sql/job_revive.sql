-- Job ?1, which had ended, is tried again, due at ?2. By the primary key.
UPDATE job
SET status = 0, attempts = 0, due_at = ?2, completed_at = NULL, progress = NULL
WHERE seq = ?1;
