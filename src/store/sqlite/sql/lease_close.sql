-- Lease ?1 goes if no job is in it. By the primary key, job_running and span_running.
DELETE FROM lease
WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM job WHERE lease = ?1)
    AND NOT EXISTS (SELECT 1 FROM span WHERE lease = ?1);
