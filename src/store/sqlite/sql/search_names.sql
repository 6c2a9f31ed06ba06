-- At most ?5 symbols of index ?1 as run ?2 sees it that are called ?3 first, and then those whose
-- name begins with it. Of what matches ?4 (called so), and of what matches ?6 (begins so), ?7 are
-- looked at. By the words.
WITH found (id) AS (
    SELECT id FROM (
        SELECT rowid AS id FROM index_symbol_words WHERE index_symbol_words MATCH ?4 LIMIT ?7)
    UNION
    SELECT id FROM (
        SELECT rowid AS id FROM index_symbol_words WHERE index_symbol_words MATCH ?6 LIMIT ?7)
)
SELECT file.path, symbol.line, symbol.kind, symbol.name, symbol.scope, symbol.signature
FROM found
JOIN index_symbol AS symbol ON symbol.id = found.id
JOIN index_file AS file ON file.id = symbol.file
WHERE file.owner = ?1 AND file.born <= ?2 AND (file.dead IS NULL OR file.dead > ?2)
    AND substr(lower(symbol.name), 1, length(?3)) = ?3
ORDER BY lower(symbol.name) <> ?3, file.path, symbol.line, symbol.name, symbol.kind, symbol.id
LIMIT ?5;
