-- At most ?2 jobs of lease ?1. By job_running alone.
SELECT seq FROM job WHERE lease = ?1 LIMIT ?2;
