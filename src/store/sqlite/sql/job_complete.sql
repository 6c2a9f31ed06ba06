-- Job ?1 succeeded at ?2. By the primary key.
UPDATE job SET status = 2, lease = NULL, completed_at = ?2, error = NULL WHERE seq = ?1;
