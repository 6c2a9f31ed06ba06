-- The payload ?2 of job ?1.
INSERT INTO payload (seq, json) VALUES (?1, ?2);
