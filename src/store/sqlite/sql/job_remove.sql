-- By the primary key.
DELETE FROM job WHERE seq = ?1;
