-- Who worker number ?1 is. By the primary key.
SELECT id, lease_ms FROM worker WHERE number = ?1;
