-- The credential of tenant number ?1 that is called ?2. By the unique name.
DELETE FROM credential WHERE tenant = ?1 AND name = ?2;
