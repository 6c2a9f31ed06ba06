-- At most ?3 jobs with status ?1 that ended before ?2. By job_ended alone.
SELECT seq FROM job INDEXED BY job_ended
WHERE status >= 2 AND status = ?1 AND completed_at < ?2
ORDER BY completed_at
LIMIT ?3;
