-- The same of the job with seq ?1. By the primary key.
SELECT seq, tenant, lane, coalesce(status, -1), attempts, max_attempts, lease, run_at,
    grp IS NOT NULL
FROM job WHERE seq = ?1;
