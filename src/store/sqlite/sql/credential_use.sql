-- The credential that is called ?2, used at ?3 by job ?1 of its tenant while that is processing. By
-- the unique id of the job and the unique name.
UPDATE credential
SET used_at = ?3
WHERE name = ?2
    AND tenant = (SELECT job_now.tenant FROM job_now WHERE job_now.id = ?1 AND job_now.status = 1)
RETURNING id, revision, (SELECT tenant.id FROM tenant WHERE tenant.number = credential.tenant),
    name, username, host, key_id, sealed, used_at, created_at, updated_at;
