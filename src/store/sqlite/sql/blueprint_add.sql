-- The next version of the blueprint of project number ?1: commit ?2, tokens ?3, now ?4,
-- Markdown ?5, JSON ?6. By the primary key.
INSERT INTO blueprint (project, version, commit_id, tokens, created_at, markdown, json)
SELECT ?1, coalesce((SELECT max(version) FROM blueprint WHERE project = ?1), 0) + 1, ?2, ?3, ?4, ?5,
    ?6;
