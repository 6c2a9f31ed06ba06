-- The span that begins at ?1 ends before ?2. By the primary key.
UPDATE span SET last = ?2 - 1 WHERE first = ?1;
