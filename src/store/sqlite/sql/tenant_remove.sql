-- Tenant ?1, after all that is its own. By the primary key.
DELETE FROM tenant WHERE number = ?1;
