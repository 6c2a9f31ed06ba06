-- The schema that bench made.
DROP SCHEMA IF EXISTS :"schema" CASCADE
