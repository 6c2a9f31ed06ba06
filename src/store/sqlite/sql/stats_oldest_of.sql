-- The same of tenant ?3: in each lane the first among the ?2 oldest pending ones, by job_status,
-- and among the tenant's ?2 oldest that are not older than any pending one, by job_tenant.
SELECT created_at
FROM job
WHERE seq = (
    SELECT min(first)
    FROM (
        SELECT (
            SELECT seq
            FROM (SELECT seq, due_at, tenant FROM job INDEXED BY job_status
                  WHERE status <> 1 AND status = 0 AND lane = lane.id ORDER BY seq LIMIT ?2)
            WHERE due_at <= ?1 AND tenant = ?3 ORDER BY seq LIMIT 1) AS first
        FROM lane
        UNION ALL
        SELECT (
            SELECT seq
            FROM (SELECT seq, due_at, status FROM job INDEXED BY job_tenant
                  WHERE tenant = ?3 AND lane = lane.id
                      AND seq >= (SELECT min(oldest)
                                  FROM (SELECT (SELECT seq FROM job INDEXED BY job_status
                                                WHERE status <> 1 AND status = 0
                                                    AND lane = other.id
                                                ORDER BY seq LIMIT 1) AS oldest
                                        FROM lane AS other))
                  ORDER BY seq LIMIT ?2)
            WHERE due_at <= ?1 AND status = 0 ORDER BY seq LIMIT 1)
        FROM lane));
