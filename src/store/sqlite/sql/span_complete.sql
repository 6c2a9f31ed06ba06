-- The span that begins at ?1 succeeded at ?2. By the primary key.
UPDATE span SET status = 2, lease = NULL, completed_at = ?2 WHERE first = ?1;
