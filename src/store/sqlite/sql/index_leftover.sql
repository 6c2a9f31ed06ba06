-- 1 where runs of index ?1 before ?2 that were not published have left files. By index_file_born.
SELECT 1 FROM index_file
WHERE owner = ?1 AND born > (SELECT run FROM project_index WHERE number = ?1) AND born < ?2
LIMIT 1;
