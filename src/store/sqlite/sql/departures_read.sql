-- At most ?2 of the jobs that peer ?1 holds and that were erased here. By the primary key.
SELECT id FROM departure WHERE peer = ?1 LIMIT ?2;
