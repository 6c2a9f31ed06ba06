-- The symbols of file ?1, by line. By index_symbol_file.
SELECT name, kind, line, scope, signature FROM index_symbol WHERE file = ?1 ORDER BY line, id;
