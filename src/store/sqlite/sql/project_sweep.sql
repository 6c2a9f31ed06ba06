-- Projects whose clone belongs to a job that no longer runs have failed, at ?1. By project_cloned.
UPDATE project INDEXED BY project_cloned
SET state = 3, path = '', updated_at = ?1
WHERE path <> ''
    AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = project.job_id AND job.status = 1);
