-- At most ?5 symbols of index ?1 as run ?2 sees it, whose words match ?3, those called ?4 first,
-- then those that begin with it. By the words.
SELECT file.path, symbol.line, symbol.kind, symbol.name, symbol.scope, symbol.signature
FROM index_symbol_words AS words
JOIN index_symbol AS symbol ON symbol.id = words.rowid
JOIN index_file AS file ON file.id = symbol.file
WHERE words.index_symbol_words MATCH ?3 AND file.owner = ?1 AND file.born <= ?2
    AND (file.dead IS NULL OR file.dead > ?2)
ORDER BY
    CASE
        WHEN lower(symbol.name) = ?4 THEN 0
        WHEN substr(lower(symbol.name), 1, length(?4)) = ?4 THEN 1
        ELSE 2
    END,
    file.path, symbol.line, symbol.name, symbol.kind, symbol.id
LIMIT ?5;
