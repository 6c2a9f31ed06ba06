-- The first slot after ?1. By schedule_due.
SELECT next_at
FROM schedule INDEXED BY schedule_due
WHERE next_at IS NOT NULL AND next_at > ?1
ORDER BY next_at
LIMIT 1;
