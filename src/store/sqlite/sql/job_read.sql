-- The record of job ?1, bodies apart. By primary keys.
SELECT job.id, tenant.id, type.name, job.status, lane.priority, job.error, job.progress,
    job.worker_id, job.attempts, job.max_attempts, job.run_at, job.next_retry_at, job.unique_key,
    job.correlation_id, job.created_at, job.started_at, job.completed_at,
    job.traceparent
FROM job_now AS job
CROSS JOIN tenant ON tenant.number = job.tenant
CROSS JOIN lane ON lane.id = job.lane
CROSS JOIN type ON type.id = lane.type
WHERE job.seq = ?1;
