-- An attempt of job ?1 as it was elsewhere: number ?2, worker ?3, started at ?4, ended at ?5 as ?6
-- with error ?7 and log ?8.
INSERT INTO attempt (seq, number, worker_id, started_at, ended_at, outcome, error, log)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);
