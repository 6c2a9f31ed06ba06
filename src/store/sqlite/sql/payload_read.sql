-- By the primary key.
SELECT json FROM payload WHERE seq = ?1;
