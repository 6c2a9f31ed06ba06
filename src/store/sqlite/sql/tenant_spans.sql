-- The jobs of tenant ?1, all of whose are in owned, that are in spans, neighbours of one lane one
-- after the other. By primary keys.
SELECT job.seq FROM owned CROSS JOIN job ON job.seq = owned.seq
WHERE owned.tenant = ?1 AND job.status IS NULL
ORDER BY owned.lane, owned.seq;
