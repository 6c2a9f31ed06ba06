-- Who this store is.
SELECT id FROM identity;
