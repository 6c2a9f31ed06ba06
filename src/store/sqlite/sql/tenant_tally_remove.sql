-- Of tenant ?1. By the primary key.
DELETE FROM tally WHERE tenant = ?1;
