-- Is ?2 the run that moves between this store and peer ?1? By the primary key.
SELECT run = ?2 FROM mover WHERE peer = ?1;
