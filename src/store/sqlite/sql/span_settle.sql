-- The jobs of the span that begins at ?1, one that waits or is processing, get its state as their
-- own. By primary keys.
UPDATE job
SET status = span.status, lease = span.lease, due_at = job.created_at,
    attempts = attempts + span.status, started_at = span.started_at, worker_id = span.worker_id
FROM span
WHERE span.first = ?1 AND job.seq BETWEEN span.first AND span.last;
