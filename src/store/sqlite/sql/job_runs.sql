-- The tenant's number of job ?1 while it is processing. By the unique id.
SELECT tenant FROM job_now WHERE id = ?1 AND status = 1;
