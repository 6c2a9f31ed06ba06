-- A lease of worker number ?1, claimed at ?2, of length ?3.
INSERT INTO lease (worker, claimed_at, lease_ms) VALUES (?1, ?2, ?3);
