-- Jobs ?1 to ?2, which are new, of lane ?3.
INSERT INTO span (first, last, lane) VALUES (?1, ?2, ?3);
