-- The project of tenant number ?1 with id ?2. By the unique id.
DELETE FROM project WHERE id = ?2 AND tenant = ?1;
