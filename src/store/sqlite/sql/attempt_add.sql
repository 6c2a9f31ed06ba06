-- The attempt under way of job ?1 ended at ?2 as ?3 with error ?4 and log ?5. By the primary key.
INSERT INTO attempt (seq, number, worker_id, started_at, ended_at, outcome, error, log)
SELECT seq, attempts, worker_id, started_at, ?2, ?3, ?4, ?5 FROM job WHERE seq = ?1;
