-- When the oldest job that is pending and due at ?1 was created: seqs follow that time. In each
-- lane the first in a span that waits, by span_lane; the first other one to become due, by job_due;
-- and the first of the ?2 oldest others that is due, by job_status. One that has more before it
-- which are not due is not seen.
SELECT created_at
FROM job
WHERE seq = (
    SELECT min(first)
    FROM (
        SELECT (
            SELECT span.first FROM span
            WHERE span.lane = lane.id AND span.status = 0 ORDER BY span.first LIMIT 1) AS first
        FROM lane
        UNION ALL
        SELECT (
            SELECT seq FROM job INDEXED BY job_due
            WHERE status = 0 AND lane = lane.id AND due_at <= ?1 ORDER BY due_at LIMIT 1)
        FROM lane
        UNION ALL
        SELECT (
            SELECT seq
            FROM (SELECT seq, due_at FROM job INDEXED BY job_status
                  WHERE status <> 1 AND status = 0 AND lane = lane.id
                  ORDER BY seq LIMIT ?2)
            WHERE due_at <= ?1 ORDER BY seq LIMIT 1)
        FROM lane));
