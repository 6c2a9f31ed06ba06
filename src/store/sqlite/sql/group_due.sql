-- The first ?5 jobs of lane ?1, tenant ?2 and grp ?3 that are due at ?4. By job_waiting alone.
SELECT seq, due_at FROM job INDEXED BY job_waiting
WHERE status = 0 AND grp IS NOT NULL AND lane = ?1 AND tenant = ?2 AND grp = ?3 AND due_at <= ?4
ORDER BY due_at, seq
LIMIT ?5;
