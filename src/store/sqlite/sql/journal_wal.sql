-- Readers and the writer do not wait for each other; stays with the file.
PRAGMA journal_mode = WAL;
