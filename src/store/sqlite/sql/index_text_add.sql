-- The text ?2 of file ?1.
INSERT INTO index_text (file, body) VALUES (?1, ?2);
