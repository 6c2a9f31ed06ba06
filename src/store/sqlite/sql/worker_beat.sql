-- Worker number ?1 was alive at ?2. By the primary key.
UPDATE worker SET beat_at = ?2 WHERE number = ?1;
