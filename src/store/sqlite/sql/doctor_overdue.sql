-- How many jobs stand in leases that had run out at ?1, and when the first of them did. Walks the
-- leases, of which there are few, and job_running and span_running for each that is found.
SELECT coalesce(sum(jobs), 0), min(ended_at)
FROM (
    SELECT max(lease.claimed_at, coalesce(worker.beat_at, 0)) + lease.lease_ms AS ended_at,
        (SELECT count(*) FROM job INDEXED BY job_running WHERE job.lease = lease.id)
        + (SELECT coalesce(sum(last - first + 1), 0) FROM span INDEXED BY span_running
           WHERE span.lease = lease.id) AS jobs
    FROM lease
    LEFT JOIN worker ON worker.number = lease.worker)
WHERE ended_at < ?1 AND jobs > 0;
