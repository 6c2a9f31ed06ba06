-- The credential that is called ?2, used at ?3 by job ?1 of its tenant while that is processing. By
-- the unique id of the job and the unique name.
UPDATE credential
SET used_at = ?3
WHERE tenant = (SELECT job.tenant FROM job WHERE job.id = ?1 AND job.status = 1) AND name = ?2
RETURNING id, revision, (SELECT tenant.id FROM tenant WHERE tenant.number = credential.tenant),
    name, username, host, key_id, sealed, used_at, created_at, updated_at;
