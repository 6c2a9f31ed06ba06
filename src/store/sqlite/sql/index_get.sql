-- The index of project ?2, of the tenant with id ?1 (null: any). By the unique ids.
SELECT project_index.number, project_index.run, project_index.building, project_index.commit_id,
    project_index.totals, project_index.indexed_at
FROM project
JOIN tenant ON tenant.number = project.tenant
JOIN project_index ON project_index.project = project.number
WHERE project.id = ?2 AND (?1 IS NULL OR tenant.id = ?1);
