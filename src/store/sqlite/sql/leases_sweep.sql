-- Leases whose jobs went away with their tenant. Walks the leases; jobs by job_running and
-- span_running.
DELETE FROM lease
WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.lease = lease.id)
    AND NOT EXISTS (SELECT 1 FROM span WHERE span.lease = lease.id);
