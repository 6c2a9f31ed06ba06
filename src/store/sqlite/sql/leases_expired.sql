-- Leases that have run out at ?1: the worker is gone or has been silent for their length. Walks the
-- leases, of which there are few; workers by the primary key.
SELECT lease.id
FROM lease
LEFT JOIN worker ON worker.number = lease.worker
WHERE max(lease.claimed_at, worker.beat_at) + lease.lease_ms < ?1 OR worker.number IS NULL
ORDER BY lease.id;
