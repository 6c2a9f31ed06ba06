-- The number of type ?1. By the unique name.
SELECT id FROM type WHERE name = ?1;
