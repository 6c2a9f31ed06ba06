-- Run ?2 alone moves between this store and peer ?1. By the primary key.
INSERT INTO mover (peer, run) VALUES (?1, ?2) ON CONFLICT (peer) DO UPDATE SET run = excluded.run;
