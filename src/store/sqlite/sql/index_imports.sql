-- The imports of file ?1, by line. By index_import_file.
SELECT target, line, resolved FROM index_import WHERE file = ?1 ORDER BY line, id;
