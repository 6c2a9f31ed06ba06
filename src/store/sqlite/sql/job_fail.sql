-- Job ?1 failed for good at ?2 with error ?3. By the primary key.
UPDATE job SET status = 3, lease = NULL, completed_at = ?2, error = ?3 WHERE seq = ?1;
