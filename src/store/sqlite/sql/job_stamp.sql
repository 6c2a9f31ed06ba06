-- Of job ?1 its id; what it is like, null while it is processing: every change that is not undone
-- makes another text; whether it has attempts. By the primary key and attempt_seq.
SELECT id,
    CASE WHEN status <> 1 THEN
        printf('%d/%d/%d/%d/%d/%d/%d', status, attempts, lane, run_at, started_at, completed_at,
               history)
    END,
    history > 0
FROM (SELECT *, (SELECT count(*) FROM attempt WHERE attempt.seq = job.seq) AS history
      FROM job_now AS job WHERE seq = ?1);
