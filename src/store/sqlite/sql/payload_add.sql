-- The payload ?2 of job ?1, one that is large.
INSERT INTO payload (seq, json) VALUES (?1, ?2);
