-- Job ?1 is held no more. By the primary key.
DELETE FROM arrival WHERE seq = ?1;
