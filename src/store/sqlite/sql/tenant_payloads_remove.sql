-- Of tenant ?1, not the default one. By primary keys.
DELETE FROM payload
WHERE seq IN (SELECT owned.seq FROM owned WHERE tenant = ?1);
