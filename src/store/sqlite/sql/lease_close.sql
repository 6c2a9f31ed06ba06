-- Lease ?1 goes if no job is in it. By the primary key and job_running.
DELETE FROM lease
WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM job WHERE lease = ?1);
