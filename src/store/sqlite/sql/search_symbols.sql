-- At most ?5 symbols of index ?1 as run ?2 sees it, whose words match ?4 and whose name does not
-- begin with ?3. Of what matches ?6 are looked at. By the words.
SELECT file.path, symbol.line, symbol.kind, symbol.name, symbol.scope, symbol.signature
FROM (
    SELECT rowid AS id FROM index_symbol_words WHERE index_symbol_words MATCH ?4 LIMIT ?6
) AS found
JOIN index_symbol AS symbol ON symbol.id = found.id
JOIN index_file AS file ON file.id = symbol.file
WHERE file.owner = ?1 AND file.born <= ?2 AND (file.dead IS NULL OR file.dead > ?2)
    AND substr(lower(symbol.name), 1, length(?3)) <> ?3
ORDER BY file.path, symbol.line, symbol.name, symbol.kind, symbol.id
LIMIT ?5;
