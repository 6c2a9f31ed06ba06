-- The result ?2 of job ?1.
INSERT INTO result (seq, json) VALUES (?1, ?2);
