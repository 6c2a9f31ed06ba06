-- The workers alive at ?1, oldest first. Walks them, and job_running once.
WITH running AS MATERIALIZED (
    SELECT lease.worker, count(*) AS n
    FROM job INDEXED BY job_running
    CROSS JOIN lease ON lease.id = job.lease
    WHERE job.lease IS NOT NULL
    GROUP BY lease.worker
)
SELECT worker.id, worker.started_at, worker.beat_at, worker.lease_ms, worker.types, running.n,
    ?1 - worker.beat_at
FROM worker
LEFT JOIN running ON running.worker = worker.number
WHERE worker.beat_at + worker.lease_ms >= ?1
ORDER BY worker.number;
