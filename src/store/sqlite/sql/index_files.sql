-- At most ?5 files of index ?1 as run ?2 sees it, behind path ?3, at or below ?4 (null: all), with
-- their texts where ?6 is true. By index_file_path.
SELECT file.path, file.blob, file.language, file.size, file.mtime_us, file.lines, file.code,
    file.comments, file.blanks, file.symbols, file.imports, iif(?6, index_text.body, NULL)
FROM index_file AS file
LEFT JOIN index_text ON index_text.file = file.id
WHERE file.owner = ?1 AND file.path > ?3 AND file.born <= ?2
    AND (file.dead IS NULL OR file.dead > ?2)
    AND (?4 IS NULL OR file.path = ?4 OR (file.path > ?4 || '/' AND file.path < ?4 || '0'))
ORDER BY file.path
LIMIT ?5;
