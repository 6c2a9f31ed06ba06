-- All types by name, whether they are paused, their pending and processing jobs, how many workers
-- alive at ?1 serve them, and their limits. What is held for a move does not count. Pending are
-- those kept that have not ended and do not run. By the tally's primary key, and walks job_running
-- and span_running once.
WITH unended AS MATERIALIZED (
    SELECT lane.type, sum(CASE tally.status WHEN 0 THEN tally.n ELSE -tally.n END) AS n
    FROM tally
    CROSS JOIN lane ON lane.id = tally.lane
    WHERE tally.tenant = -1
    GROUP BY lane.type
),
running AS MATERIALIZED (
    SELECT lane, count(*) FILTER (WHERE lease > 0) AS n, count(*) AS and_held
    FROM job INDEXED BY job_running
    WHERE lease IS NOT NULL
    GROUP BY lane
    UNION ALL
    SELECT lane, last - first + 1, last - first + 1
    FROM span INDEXED BY span_running
    WHERE lease IS NOT NULL
),
processing AS MATERIALIZED (
    SELECT lane.type, sum(running.n) AS n, sum(running.and_held) AS and_held
    FROM running
    CROSS JOIN lane ON lane.id = running.lane
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
SELECT type.name, type.paused, unended.n - coalesce(processing.and_held, 0), processing.n,
    coalesce(served.n, 0) + (SELECT count(*) FROM alive WHERE types IS NULL),
    gate.max_running, gate.per_tenant, gate.per_key, gate.key
FROM type
LEFT JOIN unended ON unended.type = type.id
LEFT JOIN processing ON processing.type = type.id
LEFT JOIN served ON served.name = type.name
LEFT JOIN gate ON gate.type = type.id
ORDER BY type.name;
