-- The schema, and the path for the rest of this transaction: whatever follows is unqualified.

CREATE SCHEMA IF NOT EXISTS :"schema";
SET LOCAL search_path = :"schema", pg_temp;

-- Where the schema was there already and is somebody else's, all that follows would be temporary.
DO $$
BEGIN
    IF current_schema() IS NULL OR current_schema() LIKE 'pg\_temp%'
        OR NOT has_schema_privilege(current_schema(), 'CREATE') THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'this role may not create in the schema: grant it USAGE and CREATE there';
    END IF;
END
$$;

-- Functions in reach of others pin their path. Those that search pin how, too: a queue is empty
-- at some moment, and plans made from what the statistics say then would walk whole tables later.
-- With sequence scans off, what is small and has no index costs so much on paper that JIT would
-- be begun for it.

-- What was migrated, written by the program that migrates.
CREATE TABLE migration (
    version    int PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row: a limit that SQL callers are held to as the program's own are, and where the pruner goes
-- on.
CREATE TABLE setting (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    max_result_bytes  bigint NOT NULL DEFAULT 1048576 CHECK (max_result_bytes > 0),
    pruned_to         bigint NOT NULL DEFAULT 0
);
INSERT INTO setting DEFAULT VALUES;

-- What a payload may have. A sequence, for every dispatch reads it and that is done at a glance: no
-- snapshot, no plan.
CREATE SEQUENCE payload_limit;

CREATE FUNCTION mh_max_payload() RETURNS bigint
    LANGUAGE sql AS $$
    SELECT coalesce(pg_sequence_last_value('payload_limit'), 1048576)
$$;

-- In the order of enum mh_status, which the functions for the program use as numbers from 0.
CREATE TYPE job_status AS ENUM ('pending', 'processing', 'completed', 'failed', 'cancelled');

-- The version of this schema, for whoever may call anything here. Every program asks for it first:
-- so it is kept parsed, and needs no PL/pgSQL, which takes 2 ms to load.
CREATE FUNCTION mh_version() RETURNS int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp
BEGIN ATOMIC
    SELECT m.version FROM migration m ORDER BY m.version DESC LIMIT 1;
END;
