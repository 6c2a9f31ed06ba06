-- Writes to the journal, so that its commit is flushed, and nowhere else.
SELECT pg_logical_emit_message(true, 'millhand', '')
