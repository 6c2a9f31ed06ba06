-- When the first job of lane ?1 becomes due after ?2, 0 for one that waits in a span. By span_lane
-- and job_due alone.
SELECT 0 FROM span WHERE lane = ?1 AND status = 0 AND 0 > ?2
UNION ALL
SELECT * FROM (
    SELECT due_at FROM job INDEXED BY job_due
    WHERE status = 0 AND lane = ?1 AND due_at > ?2
    ORDER BY due_at
    LIMIT 1)
LIMIT 1;
