-- How many jobs of tenant ?1, null for all, are pending, and when the oldest of those that are due
-- at ?2 was created: seqs follow that time. Walks job_due; the jobs themselves only for a tenant.
SELECT n, (SELECT created_at FROM job WHERE seq = oldest)
FROM (SELECT count(*) AS n, min(CASE WHEN due_at <= ?2 THEN seq END) AS oldest
      FROM job INDEXED BY job_due
      WHERE status = 0 AND (?1 IS NULL OR tenant = ?1));
