-- The ids of at most ?5 files of index ?1 as run ?2 sees it, behind id ?3, at or below ?4 (null:
-- all). By index_file_id.
SELECT file.id, file.path
FROM index_file AS file
WHERE file.owner = ?1 AND file.id > ?3 AND file.born <= ?2
    AND (file.dead IS NULL OR file.dead > ?2)
    AND (?4 IS NULL OR file.path = ?4 OR (file.path > ?4 || '/' AND file.path < ?4 || '0'))
ORDER BY file.id
LIMIT ?5;
