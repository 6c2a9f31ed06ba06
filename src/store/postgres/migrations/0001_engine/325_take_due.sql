-- As mh_take_ready, while scheduled jobs of these lanes are due: those are taken where they stand,
-- and come among the others by the time at which each became due. Reads up to `need` jobs of each
-- lane in `ready` and in `scheduled`; locks those that it takes.
CREATE FUNCTION mh_take_due(want_lanes int[], priorities int[], starts bigint[], need int,
    moment timestamptz,
    OUT seqs bigint[], OUT attempts smallint[], OUT lanes int[], OUT nths int[], OUT keyed boolean,
    OUT ends bigint[])
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    WITH served AS MATERIALIZED (
        SELECT * FROM unnest(want_lanes, priorities, starts) WITH ORDINALITY
            u (lane, priority, start, nth)),
    wanted AS MATERIALIZED (
        SELECT c.*
        FROM (
            SELECT u.nth, u.priority, r.tid AS ready, NULL::tid AS later, r.seq,
                coalesce(r.due_at, j.created_at) AS due_at
            FROM served u,
                LATERAL (SELECT q.ctid AS tid, q.seq, q.due_at FROM ready q
                         WHERE q.lane = u.lane AND q.pos > u.start
                         ORDER BY q.pos LIMIT need) r,
                LATERAL (SELECT q.created_at FROM job q WHERE q.seq = r.seq OFFSET 0) j
            UNION ALL
            SELECT u.nth, u.priority, NULL, s.tid, s.seq, s.run_at
            FROM served u,
                LATERAL (SELECT q.ctid AS tid, q.seq, q.run_at FROM scheduled q
                         WHERE q.lane = u.lane AND q.run_at <= moment
                         ORDER BY q.run_at, q.seq LIMIT need) s) c
        ORDER BY c.priority DESC, c.due_at, c.seq
        LIMIT need),
    taken AS (
        DELETE FROM ready r
        WHERE r.ctid = ANY (ARRAY(
            SELECT q.ctid FROM ready q WHERE q.ctid = ANY (ARRAY(SELECT w.ready FROM wanted w))
            FOR UPDATE SKIP LOCKED))
        RETURNING r.seq, r.attempt, r.lane, r.keyed),
    taken_late AS (
        DELETE FROM scheduled s
        WHERE s.ctid = ANY (ARRAY(
            SELECT q.ctid FROM scheduled q WHERE q.ctid = ANY (ARRAY(SELECT w.later FROM wanted w))
            FOR UPDATE SKIP LOCKED))
        RETURNING s.seq, s.attempt, s.lane, s.keyed)
    SELECT coalesce(array_agg(t.seq ORDER BY w.priority DESC, w.due_at, w.seq), '{}'),
        array_agg((t.attempt + 1)::smallint ORDER BY w.priority DESC, w.due_at, w.seq),
        array_agg(t.lane ORDER BY w.priority DESC, w.due_at, w.seq),
        array_agg(w.nth ORDER BY w.priority DESC, w.due_at, w.seq),
        coalesce(bool_or(t.keyed), false)
    INTO seqs, attempts, lanes, nths, keyed
    FROM (SELECT * FROM taken UNION ALL SELECT * FROM taken_late) t
    JOIN wanted w ON w.seq = t.seq;
    ends := starts;
END
$$;
