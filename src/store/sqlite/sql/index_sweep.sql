-- Up to ?2 files of index ?1 that nobody sees or will. By index_file_dead and index_file_born.
DELETE FROM index_file
WHERE id IN (
    SELECT file.id FROM project_index JOIN index_file AS file ON file.owner = project_index.number
    WHERE project_index.number = ?1 AND file.dead <= project_index.run
    UNION ALL
    SELECT file.id FROM project_index JOIN index_file AS file ON file.owner = project_index.number
    WHERE project_index.number = ?1 AND file.born > project_index.run
        AND file.born < project_index.building
    LIMIT ?2);
