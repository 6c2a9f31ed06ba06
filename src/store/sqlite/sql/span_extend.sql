-- Jobs ?1 to ?2, which are new, of lane ?3 come to the last span of all if they go on with it. By
-- the primary key.
UPDATE span SET last = ?2
WHERE first = (SELECT max(first) FROM span) AND last = ?1 - 1 AND lane = ?3 AND status = 0;
