-- What row_by_id looks at, and the id, of the jobs after seq ?1. By the primary key.
SELECT seq, tenant, lane, coalesce(status, -1), attempts, max_attempts, lease, run_at,
    grp IS NOT NULL, id
FROM job WHERE seq > ?1
ORDER BY seq;
