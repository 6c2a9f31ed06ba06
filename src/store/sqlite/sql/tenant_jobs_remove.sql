-- Of tenant ?1, not the default one, all of whose jobs are in owned. By primary keys.
DELETE FROM job WHERE seq IN (SELECT owned.seq FROM owned WHERE tenant = ?1);
