-- The first group of pending jobs in lane ?1 that comes after grp ?3 of tenant ?2. One step of
-- job_waiting.
SELECT tenant, grp FROM job INDEXED BY job_waiting
WHERE status = 0 AND grp IS NOT NULL AND lane = ?1 AND (tenant, grp) > (?2, ?3)
ORDER BY tenant, grp
LIMIT 1;
