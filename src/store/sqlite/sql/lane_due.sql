-- The first ?3 jobs of lane ?1 that are due at ?2. By job_due alone.
SELECT seq, due_at FROM job INDEXED BY job_due
WHERE status = 0 AND lane = ?1 AND due_at <= ?2
ORDER BY due_at, seq
LIMIT ?3;
