-- The words ?2 of the text of file ?1.
INSERT INTO index_text_words (rowid, words) VALUES (?1, ?2);
