-- The projects of the tenant with id ?1, those called ?2 and the one with id ?3 (null: any). Walks
-- all projects.
SELECT project.id, tenant.id, project.name, project.url, project.ref, project.credential,
    project.state, project.path, project.commit_id, project.job_id, project.indexed_at,
    project.created_at, project.updated_at
FROM project
JOIN tenant ON tenant.number = project.tenant
WHERE (?1 IS NULL OR tenant.id = ?1) AND (?2 IS NULL OR project.name = ?2)
    AND (?3 IS NULL OR project.id = ?3)
ORDER BY project.name, project.number;
