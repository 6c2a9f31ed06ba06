-- The credentials of the tenant with id ?1 and those called ?2 (null: any), sealed bytes where ?3
-- is true. There are few.
SELECT credential.id, credential.revision, tenant.id, credential.name, credential.username,
    credential.host, credential.key_id, CASE WHEN ?3 THEN credential.sealed END,
    credential.used_at, credential.created_at, credential.updated_at
FROM credential
JOIN tenant ON tenant.number = credential.tenant
WHERE (?1 IS NULL OR tenant.id = ?1) AND (?2 IS NULL OR credential.name = ?2)
ORDER BY credential.name, credential.id;
