-- Walks the leases, of which there are few.
SELECT id FROM lease WHERE worker = ?1;
