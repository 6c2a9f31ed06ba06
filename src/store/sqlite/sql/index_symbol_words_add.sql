-- The words ?2 of symbol ?1.
INSERT INTO index_symbol_words (rowid, words) VALUES (?1, ?2);
