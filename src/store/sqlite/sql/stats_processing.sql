-- How many jobs of tenant ?1, null for all, are processing. Walks job_running; the jobs themselves
-- only for a tenant.
SELECT count(*) FROM job INDEXED BY job_running
WHERE lease IS NOT NULL AND (?1 IS NULL OR tenant = ?1);
