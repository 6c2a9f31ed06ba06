-- The host of the credential of tenant number ?1 that is called ?2. By the unique name.
SELECT host FROM credential WHERE tenant = ?1 AND name = ?2;
