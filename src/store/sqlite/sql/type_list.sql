-- All types by name, whether they are paused, their pending and processing jobs, how many workers
-- alive at ?1 serve them, and their limits. What is held for a move does not count. Walks job_due
-- and job_running once.
WITH pending AS MATERIALIZED (
    SELECT lane.type, sum(waiting.n) AS n
    FROM (SELECT lane, count(*) AS n FROM job INDEXED BY job_due WHERE status = 0 GROUP BY lane)
        AS waiting
    JOIN lane ON lane.id = waiting.lane
    GROUP BY lane.type
),
processing AS MATERIALIZED (
    SELECT lane.type, count(*) AS n
    FROM job INDEXED BY job_running
    CROSS JOIN lane ON lane.id = job.lane
    WHERE job.lease IS NOT NULL AND job.lease > 0
    GROUP BY lane.type
),
alive AS MATERIALIZED (
    SELECT number, types FROM worker WHERE beat_at + lease_ms >= ?1
),
served AS MATERIALIZED (
    SELECT json_each.value AS name, count(DISTINCT alive.number) AS n
    FROM alive, json_each(alive.types)
    GROUP BY json_each.value
)
SELECT type.name, type.paused, pending.n, processing.n,
    coalesce(served.n, 0) + (SELECT count(*) FROM alive WHERE types IS NULL),
    gate.max_running, gate.per_tenant, gate.per_key, gate.key
FROM type
LEFT JOIN pending ON pending.type = type.id
LEFT JOIN processing ON processing.type = type.id
LEFT JOIN served ON served.name = type.name
LEFT JOIN gate ON gate.type = type.id
ORDER BY type.name;
