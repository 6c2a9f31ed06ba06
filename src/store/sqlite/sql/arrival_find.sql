-- What job ?1, held for peer ?2, becomes. By the primary key.
SELECT status FROM arrival WHERE seq = ?1 AND peer = ?2;
