-- At most ?2 jobs of lease ?1. By job_running alone, and span_running.
SELECT seq FROM job WHERE lease = ?1
UNION ALL
SELECT job.seq FROM span CROSS JOIN job ON job.seq BETWEEN span.first AND span.last
WHERE span.lease = ?1
LIMIT ?2;
