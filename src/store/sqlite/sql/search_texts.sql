-- At most ?4 texts of index ?1 as run ?2 sees it, whose words match ?3, by path. By the words; only
-- the texts of the page are read.
SELECT page.path, text.body
FROM (
    SELECT file.id, file.path
    FROM index_text_words AS words
    JOIN index_file AS file ON file.id = words.rowid
    WHERE words.index_text_words MATCH ?3 AND file.owner = ?1 AND file.born <= ?2
        AND (file.dead IS NULL OR file.dead > ?2)
    ORDER BY file.path
    LIMIT ?4
) AS page
JOIN index_text AS text ON text.file = page.id
ORDER BY page.path;
