-- The newest ?2 jobs before seq ?1 with status ?3 in lane ?4 that are in no span, and below zero
-- those of other tenants than number ?5, null for any; not those that are processing. Walks
-- job_status backwards; the jobs themselves only for a tenant.
SELECT CASE WHEN ?5 IS NULL OR tenant = ?5 THEN seq ELSE -seq END
FROM job INDEXED BY job_status
WHERE status <> 1 AND status = ?3 AND lane = ?4 AND seq < ?1
ORDER BY seq DESC
LIMIT ?2;
