-- Of project ?2, of the tenant with id ?1 (null: any), version ?3 of its blueprint (0: each), with
-- the texts in mask ?4, newest first, at most ?5. By the unique id and the primary key.
SELECT blueprint.version, blueprint.commit_id, blueprint.tokens, blueprint.created_at,
    iif(?4 & 1, blueprint.markdown, NULL), iif(?4 & 2, blueprint.json, NULL)
FROM project
JOIN tenant ON tenant.number = project.tenant
JOIN blueprint ON blueprint.project = project.number
WHERE project.id = ?2 AND (?1 IS NULL OR tenant.id = ?1) AND (?3 = 0 OR blueprint.version = ?3)
ORDER BY blueprint.version DESC
LIMIT ?5;
