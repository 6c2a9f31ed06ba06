-- Writes to the journal alone, so that its commit is flushed. Whoever decodes a replication slot
-- and asks for messages gets it, with the prefix millhand.
SELECT pg_logical_emit_message(true, 'millhand', '')
