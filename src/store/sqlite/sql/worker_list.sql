-- The workers alive at ?1, oldest first. Walks them, and job_running and span_running once.
WITH held AS MATERIALIZED (
    SELECT lease, count(*) AS n
    FROM job INDEXED BY job_running
    WHERE lease IS NOT NULL
    GROUP BY lease
    UNION ALL
    SELECT lease, last - first + 1
    FROM span INDEXED BY span_running
    WHERE lease IS NOT NULL
),
running AS MATERIALIZED (
    SELECT lease.worker, sum(held.n) AS n
    FROM held
    CROSS JOIN lease ON lease.id = held.lease
    GROUP BY lease.worker
)
SELECT worker.id, worker.started_at, worker.beat_at, worker.lease_ms, worker.types, running.n,
    ?1 - worker.beat_at
FROM worker
LEFT JOIN running ON running.worker = worker.number
WHERE worker.beat_at + worker.lease_ms >= ?1
ORDER BY worker.number;
