-- How many jobs of tenant ?1, null for all, are processing. Walks job_running and span_running; the
-- jobs themselves only for a tenant.
SELECT (SELECT count(*) FROM job INDEXED BY job_running
        WHERE lease IS NOT NULL AND (?1 IS NULL OR tenant = ?1))
    + coalesce((
        SELECT sum(CASE WHEN ?1 IS NULL THEN last - first + 1
                   ELSE (SELECT count(*) FROM job
                         WHERE job.seq BETWEEN span.first AND span.last AND job.tenant = ?1) END)
        FROM span INDEXED BY span_running WHERE lease IS NOT NULL), 0);
