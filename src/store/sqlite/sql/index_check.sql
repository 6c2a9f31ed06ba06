-- 1 where run ?2 is the last that began of index ?1, and not published.
SELECT 1 FROM project_index WHERE number = ?1 AND building = ?2 AND run < ?2;
