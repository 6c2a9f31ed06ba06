-- The same of job ?5 alone. By event_job.
SELECT event.pos, event.kind, event.at, job.id, tenant.id, type.name, event.worker_id,
    event.attempts, event.progress, event.text, event.next_retry_at
FROM event INDEXED BY event_job
CROSS JOIN job ON job.id = event.job
CROSS JOIN tenant ON tenant.number = job.tenant
CROSS JOIN lane ON lane.id = job.lane
CROSS JOIN type ON type.id = lane.type
WHERE event.job = ?5 AND event.pos > ?1 AND event.pos <= ?2 AND (?4 IS NULL OR job.tenant = ?4)
ORDER BY event.pos
LIMIT ?3;
