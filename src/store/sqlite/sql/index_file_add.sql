-- A file of index ?1, born in run ?2: path ?3, blob ?4, language ?5, size ?6, mtime ?7, lines ?8,
-- code ?9, comments ?10, blanks ?11, and how many symbols ?12 and imports ?13 it has.
INSERT INTO index_file (owner, born, path, blob, language, size, mtime_us, lines, code, comments,
                        blanks, symbols, imports)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13);
