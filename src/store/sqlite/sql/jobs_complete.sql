-- Jobs ?1 to ?2, all of them, succeeded at ?3. By the primary key.
UPDATE job SET status = 2, lease = NULL, completed_at = ?3, error = NULL
WHERE seq BETWEEN ?1 AND ?2;
