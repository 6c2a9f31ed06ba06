-- One state of the database, for as long as the session is left alone.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM pg_namespace
