-- The file of index ?1 at path ?3 that is seen is dropped by run ?2. By index_file_path.
UPDATE index_file SET dead = ?2
WHERE owner = ?1 AND path = ?3 AND dead IS NULL
    AND born <= (SELECT run FROM project_index WHERE number = ?1);
