-- Job ?1 is held for peer ?2 and becomes ?3; its unique key, if that is not free for it, ?4.
INSERT INTO arrival (seq, peer, status, unique_key) VALUES (?1, ?2, ?3, ?4);
