-- Workers that are silent at ?1 for longer than their leases last and hold nothing. Walks the
-- workers and, for the silent ones, the leases; there are few of both.
DELETE FROM worker
WHERE beat_at + lease_ms < ?1
    AND NOT EXISTS (SELECT 1 FROM lease WHERE lease.worker = worker.number);
