-- Notes migration ?1, its name ?2, its checksum ?3, now ?4.
INSERT INTO migration (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4);
