-- What runs that were not published have dropped of index ?1 lives. By index_file_dead.
UPDATE index_file SET dead = NULL
WHERE owner = ?1 AND dead > (SELECT run FROM project_index WHERE number = ?1);
