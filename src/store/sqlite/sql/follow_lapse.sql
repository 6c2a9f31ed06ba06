-- Where nobody followed up to ?1 a position is passed over: it stands for what nobody wrote. One
-- row.
UPDATE sqlite_sequence SET seq = seq + 1
WHERE name = 'event' AND (SELECT until FROM follow) < ?1;
