-- By the primary key.
DELETE FROM payload WHERE seq = ?1;
