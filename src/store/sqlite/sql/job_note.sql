-- Job ?1 has come as far as ?2. By the primary key.
UPDATE job SET progress = ?2 WHERE seq = ?1;
