-- The index of project number ?1, if it has none yet.
INSERT INTO project_index (project) VALUES (?1) ON CONFLICT DO NOTHING;
