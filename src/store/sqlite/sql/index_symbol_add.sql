-- A symbol of file ?1: name ?2, kind ?3, line ?4, scope ?5, signature ?6.
INSERT INTO index_symbol (file, name, kind, line, scope, signature)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);
