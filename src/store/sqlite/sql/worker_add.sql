-- A worker with id ?1, started at ?2, whose leases last ?3, serving ?4.
INSERT INTO worker (id, started_at, beat_at, lease_ms, types) VALUES (?1, ?2, ?2, ?3, ?4);
