-- Does another unfinished job hold the unique key of job ?1? By the primary key and job_key.
SELECT EXISTS (
    SELECT 1 FROM job AS holder
    WHERE holder.tenant = job.tenant AND holder.unique_key = job.unique_key AND holder.status <= 1
)
FROM job
WHERE job.seq = ?1;
