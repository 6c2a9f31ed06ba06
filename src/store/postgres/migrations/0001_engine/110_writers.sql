-- What makes claims find the jobs of transactions that commit late.
--
-- Whoever puts rows into `ready` or `job` calls mh_enter before taking any position: a lock,
-- shared, until the transaction ends, whose key says how far the sequence stood. Keys are in steps
-- of 4096 positions, which makes them fit for eight million million jobs.

-- Gives true, so that it may be a part of an expression.

CREATE FUNCTION mh_enter() RETURNS boolean
    LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(
        'ready'::regclass::oid::int,
        (coalesce(pg_sequence_last_value('pos'), 0) >> 12)::int) IS NOT NULL
$$;

-- A position up to which nothing can appear in either any more for a statement that begins after
-- this one. The sequence is read before the locks: a writer that is not among these takes its
-- positions later.
CREATE FUNCTION mh_mark() RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    last   bigint := coalesce(pg_sequence_last_value('pos'), 0);
    oldest bigint;
BEGIN
    SELECT min(l.objid::bigint) << 12 INTO oldest
    FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.classid = 'ready'::regclass AND l.objsubid = 2
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
    RETURN least(last, oldest);
END
$$;
