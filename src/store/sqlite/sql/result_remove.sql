-- By the primary key.
DELETE FROM result WHERE seq = ?1;
