-- The credentials of tenant number ?1. By the unique name.
DELETE FROM credential WHERE tenant = ?1;
