-- Job ?1 was cancelled at ?2. By the primary key.
UPDATE job SET status = 4, lease = NULL, completed_at = ?2, next_retry_at = NULL WHERE seq = ?1;
