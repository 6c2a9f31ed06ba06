-- The lane of the type with number ?1 at priority ?2.
INSERT INTO lane (type, priority) VALUES (?1, ?2);
