-- What the steps of a job's life look at, of the job with id ?1; status -1: it is in a span. By the
-- unique id.
SELECT seq, tenant, lane, coalesce(status, -1), attempts, max_attempts, lease, run_at,
    grp IS NOT NULL
FROM job WHERE id = ?1;
