-- Job ?2 was erased here: peer ?1 holds it. By the primary key.
INSERT INTO departure (peer, id) VALUES (?1, ?2);
