-- The projects of tenant number ?1. By the unique name.
DELETE FROM project WHERE tenant = ?1;
