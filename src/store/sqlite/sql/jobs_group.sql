-- The same for all unfinished jobs of the type with number ?1, but for those that a move holds;
-- within a group jobs are sorted by when they became due. By job_due and job_running.
UPDATE job
SET grp = (SELECT grp FROM gate_group WHERE gate_group.seq = job.seq),
    due_at = iif(due_at = 0, created_at, due_at)
WHERE seq IN (
    SELECT seq FROM job INDEXED BY job_due
    WHERE status = 0 AND lane IN (SELECT id FROM lane WHERE type = ?1)
    UNION ALL
    SELECT seq FROM job INDEXED BY job_running
    WHERE lease IS NOT NULL AND lease > 0 AND lane IN (SELECT id FROM lane WHERE type = ?1));
