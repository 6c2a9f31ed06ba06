-- Puts up to `max_jobs` jobs of these lanes that have become due into `ready`, in that order. Walks
-- scheduled_due; locks the rows that it moves and skips those that others have.
CREATE FUNCTION mh_promote(lanes int[], max_jobs int) RETURNS int
    LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    moved  int;
BEGIN
    PERFORM mh_enter();
    WITH due AS (
        DELETE FROM scheduled s
        WHERE s.ctid = ANY (ARRAY(
            SELECT q.ctid
            FROM unnest(lanes) u (lane),
                LATERAL (SELECT d.ctid FROM scheduled d
                         WHERE d.lane = u.lane AND d.run_at <= moment
                         ORDER BY d.run_at, d.seq LIMIT max_jobs
                         FOR UPDATE SKIP LOCKED) q))
        RETURNING s.*)
    INSERT INTO ready (pos, seq, lane, attempt, keyed, retry)
    SELECT nextval('pos'), d.seq, d.lane, d.attempt, d.keyed, d.retry
    FROM (SELECT * FROM due ORDER BY run_at, seq) d;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END
$$;
