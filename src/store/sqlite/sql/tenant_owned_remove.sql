-- Of tenant ?1. By the primary key.
DELETE FROM owned WHERE tenant = ?1;
