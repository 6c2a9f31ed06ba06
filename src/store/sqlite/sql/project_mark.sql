-- Project ?2, while job ?1 of its tenant is processing: state ?3, path ?4, commit ?5 (each null:
-- as it was), indexed now where ?6 is true, at ?7. Not where another job that is processing has it.
-- By the unique ids.
UPDATE project
SET job_id = ?1, state = coalesce(?3, state), path = coalesce(?4, path),
    commit_id = coalesce(?5, commit_id),
    indexed_at = iif(?6, ?7, indexed_at), updated_at = ?7
WHERE id = ?2
    AND tenant = (SELECT job_now.tenant FROM job_now WHERE job_now.id = ?1 AND status = 1)
    AND (job_id IS NULL OR job_id = ?1
        OR NOT EXISTS (SELECT 1 FROM job_now WHERE job_now.id = project.job_id AND status = 1));
