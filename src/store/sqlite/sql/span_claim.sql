-- The span that begins at ?1 is processing, in lease ?2, since ?3, by worker ?4. By the primary
-- key.
UPDATE span SET status = 1, lease = ?2, started_at = ?3, worker_id = ?4 WHERE first = ?1;
