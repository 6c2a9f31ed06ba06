-- The last ?2 attempts of the job with id ?1 that did not succeed, oldest first; none where it is
-- not of tenant number ?3, null for any. By the unique id and attempt_seq.
SELECT number, worker_id, started_at, ended_at, outcome, error, log
FROM (SELECT * FROM attempt WHERE seq = (SELECT job.seq FROM job
                   WHERE job.id = ?1 AND (?3 IS NULL OR job.tenant = ?3))
      ORDER BY id DESC LIMIT ?2)
ORDER BY id;
