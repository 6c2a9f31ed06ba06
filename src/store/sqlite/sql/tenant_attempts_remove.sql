-- Of tenant ?1, not the default one. By the primary key of owned and attempt_seq.
DELETE FROM attempt
WHERE seq IN (SELECT owned.seq FROM owned WHERE tenant = ?1);
