-- Of jobs ?1 to ?2, which are pending, what their claim does not know yet. By primary keys.
SELECT job.id, tenant.id, job.error, job.attempts, job.max_attempts, job.run_at, job.unique_key,
    job.correlation_id, job.created_at, job.traceparent,
    coalesce(job.payload, (SELECT json FROM payload WHERE payload.seq = job.seq))
FROM job
CROSS JOIN tenant ON tenant.number = job.tenant
WHERE job.seq BETWEEN ?1 AND ?2
ORDER BY job.seq;
