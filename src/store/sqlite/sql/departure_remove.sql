-- Peer ?1 has released job ?2. By the primary key.
DELETE FROM departure WHERE peer = ?1 AND id = ?2;
