-- SQLite answers with the mode it had where it could not switch.
SELECT journal_mode = 'wal' FROM pragma_journal_mode;
