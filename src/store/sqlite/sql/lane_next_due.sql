-- When the first job of lane ?1 becomes due after ?2, 0 for one that waits since it was created. By
-- job_due alone.
SELECT due_at FROM job INDEXED BY job_due
WHERE status = 0 AND lane = ?1 AND due_at > ?2
ORDER BY due_at
LIMIT 1;
