-- Of lane ?1 the first ?3 jobs that wait since they were created and the first ?3 others that are
-- due at ?2, with the times at which they became due. By job_due.
SELECT * FROM (
    SELECT seq, created_at FROM job INDEXED BY job_due
    WHERE status = 0 AND lane = ?1 AND due_at = 0
    ORDER BY seq
    LIMIT ?3)
UNION ALL
SELECT * FROM (
    SELECT seq, due_at FROM job INDEXED BY job_due
    WHERE status = 0 AND lane = ?1 AND due_at > 0 AND due_at <= ?2
    ORDER BY due_at, seq
    LIMIT ?3);
