-- The same of tenant ?3: in each lane the first among the ?2 oldest in spans that wait, by
-- span_lane, and among the ?2 oldest other pending ones, by job_status; and among the tenant's ?2
-- oldest in owned that are not older than any pending one, and all that are not there yet.
WITH pending AS MATERIALIZED (
    SELECT waiting.seq, coalesce(waiting.due_at, 0) AS due_at, waiting.tenant
    FROM lane
    CROSS JOIN job AS waiting ON waiting.seq IN (
        SELECT seq
        FROM (SELECT fresh.seq
              FROM span CROSS JOIN job AS fresh ON fresh.seq BETWEEN span.first AND span.last
              WHERE span.lane = lane.id AND span.status = 0
              ORDER BY span.first, fresh.seq LIMIT ?2)
        UNION ALL
        SELECT seq
        FROM (SELECT seq FROM job INDEXED BY job_status
              WHERE status <> 1 AND status = 0 AND lane = lane.id
              ORDER BY seq LIMIT ?2))
)
SELECT created_at
FROM job
WHERE seq = (
    SELECT min(first)
    FROM (
        SELECT min(seq) AS first FROM pending WHERE due_at <= ?1 AND tenant = ?3
        UNION ALL
        SELECT (
            SELECT seq
            FROM (SELECT seq AS number FROM owned
                  WHERE tenant = ?3 AND lane = lane.id
                      AND seq >= (SELECT min(seq) FROM pending)
                  ORDER BY seq LIMIT ?2)
            CROSS JOIN job ON job.seq = number
            WHERE coalesce(due_at, 0) <= ?1 AND 0 = coalesce(
                job.status, (SELECT span.status FROM span WHERE span.first <= job.seq
                             ORDER BY span.first DESC LIMIT 1))
            ORDER BY seq LIMIT 1)
        FROM lane
        UNION ALL
        SELECT (
            SELECT seq FROM job NOT INDEXED
            WHERE seq > (SELECT seq FROM owned_up_to WHERE only_row = 1)
                AND tenant = ?3 AND coalesce(due_at, 0) <= ?1 AND 0 = coalesce(
                    job.status, (SELECT span.status FROM span WHERE span.first <= job.seq
                                 ORDER BY span.first DESC LIMIT 1))
            ORDER BY seq LIMIT 1)));
