-- At most ?4 texts of index ?1 as run ?2 sees it, whose words match ?3, by path. By the words.
SELECT file.path, text.body
FROM index_text_words AS words
JOIN index_file AS file ON file.id = words.rowid
JOIN index_text AS text ON text.file = file.id
WHERE words.index_text_words MATCH ?3 AND file.owner = ?1 AND file.born <= ?2
    AND (file.dead IS NULL OR file.dead > ?2)
ORDER BY file.path
LIMIT ?4;
