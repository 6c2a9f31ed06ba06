-- By attempt_seq.
DELETE FROM attempt WHERE seq = ?1;
