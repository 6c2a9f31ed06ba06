-- How many jobs stand in leases that had run out at ?1, and when the first of them did. Walks the
-- leases, of which there are few, and job_running for each that is found.
SELECT count(*), min(max(lease.claimed_at, coalesce(worker.beat_at, 0)) + lease.lease_ms)
FROM lease
LEFT JOIN worker ON worker.number = lease.worker
CROSS JOIN job INDEXED BY job_running ON job.lease = lease.id
WHERE max(lease.claimed_at, coalesce(worker.beat_at, 0)) + lease.lease_ms < ?1;
