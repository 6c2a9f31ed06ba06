-- By the primary key.
SELECT json FROM result WHERE seq = ?1;
