-- What the steps of a job's life look at, of the job with id ?1. By the unique id.
SELECT seq, tenant, lane, status, attempts, max_attempts, lease, run_at, grp IS NOT NULL
FROM job WHERE id = ?1;
