-- The payload of job ?1. By primary keys.
SELECT coalesce(payload, (SELECT json FROM payload WHERE payload.seq = job.seq))
FROM job WHERE seq = ?1;
