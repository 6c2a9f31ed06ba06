-- The same for all unfinished jobs of the type with number ?1 but those in spans, whose type has no
-- limits, and those that a move holds. By job_due and job_running.
UPDATE job SET grp = (SELECT grp FROM gate_group WHERE gate_group.seq = job.seq)
WHERE seq IN (
    SELECT seq FROM job INDEXED BY job_due
    WHERE status = 0 AND lane IN (SELECT id FROM lane WHERE type = ?1)
    UNION ALL
    SELECT seq FROM job INDEXED BY job_running
    WHERE lease IS NOT NULL AND lease > 0 AND lane IN (SELECT id FROM lane WHERE type = ?1));
