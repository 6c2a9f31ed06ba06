-- Projects that are being indexed by a job that no longer runs have failed, at ?1. By
-- project_indexing.
UPDATE project INDEXED BY project_indexing
SET state = 3, path = '', updated_at = ?1
WHERE state = 1
    AND NOT EXISTS (SELECT 1 FROM job_now WHERE job_now.id = project.job_id AND status = 1);
