-- The newest ?2 jobs before seq ?1 in lane ?4 that wait since they were created, and below zero
-- those of other tenants than number ?5, null for any. Walks job_due backwards; the jobs themselves
-- only for a tenant.
SELECT CASE WHEN ?5 IS NULL OR tenant = ?5 THEN seq ELSE -seq END
FROM job INDEXED BY job_due
WHERE status = 0 AND lane = ?4 AND due_at = 0 AND seq < ?1
ORDER BY seq DESC
LIMIT ?2;
