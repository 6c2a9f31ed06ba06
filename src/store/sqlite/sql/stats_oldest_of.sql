-- The same of tenant ?3: in each lane the first among the ?2 oldest that wait since they were
-- created, by job_due, and among the ?2 oldest other pending ones, by job_status; and among the
-- tenant's ?2 oldest in owned that are not older than any pending one, and all that are not there
-- yet.
WITH pending AS MATERIALIZED (
    SELECT waiting.seq, waiting.due_at, waiting.tenant
    FROM lane
    CROSS JOIN job AS waiting ON waiting.seq IN (
        SELECT seq
        FROM (SELECT seq FROM job INDEXED BY job_due
              WHERE status = 0 AND lane = lane.id AND due_at = 0 ORDER BY seq LIMIT ?2)
        UNION ALL
        SELECT seq
        FROM (SELECT seq FROM job INDEXED BY job_status
              WHERE status <> 1 AND (status >= 2 OR due_at > 0) AND status = 0 AND lane = lane.id
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
            WHERE due_at <= ?1 AND status = 0 ORDER BY seq LIMIT 1)
        FROM lane
        UNION ALL
        SELECT (
            SELECT seq FROM job NOT INDEXED
            WHERE seq > (SELECT seq FROM owned_up_to WHERE only_row = 1)
                AND tenant = ?3 AND status = 0 AND due_at <= ?1
            ORDER BY seq LIMIT 1)));
