-- As mh_take_ready, while scheduled jobs of these lanes are due, or jobs have passed a gate: those
-- are taken where they stand, and come among the others by the time at which each became due. Reads
-- up to `need` jobs of each lane in `ready` and in `scheduled`; locks those that it takes.
CREATE FUNCTION mh_take_due(served served_lanes, need int, moment timestamptz) RETURNS taken_jobs
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    taken taken_jobs;
BEGIN
    WITH lanes AS MATERIALIZED (
        SELECT * FROM unnest(served.lanes, served.priorities, served.starts) WITH ORDINALITY
            u (lane, priority, start, nth)),
    seen AS MATERIALIZED (
        SELECT u.nth, u.priority, w.ready, NULL::tid AS later, j.seq, w.special,
            coalesce(w.due_at, b.created_at) AS due_at
        FROM lanes u,
            LATERAL (
                SELECT q.*, sum(1 + coalesce(cardinality(q.more), 0)) OVER (ORDER BY q.pos) AS upto
                FROM (SELECT r.ctid AS ready, r.* FROM ready r
                      WHERE r.lane = u.lane AND r.pos > u.start
                      ORDER BY r.pos LIMIT need) q) w,
            unnest(w.seq || w.more) j (seq),
            LATERAL (SELECT q.created_at FROM job q WHERE q.seq = j.seq OFFSET 0) b
        WHERE w.upto - coalesce(cardinality(w.more), 0) <= need
        UNION ALL
        SELECT u.nth, u.priority, NULL, s.tid, s.seq, s.special, s.run_at
        FROM lanes u,
            LATERAL (SELECT q.ctid AS tid, q.seq, q.special, q.run_at FROM scheduled q
                     WHERE q.lane = u.lane AND q.run_at <= moment AND q.grp IS NULL
                     ORDER BY q.run_at, q.seq LIMIT need) s
        UNION ALL
        SELECT p.nth, served.priorities[p.nth], NULL, s.tid, s.seq, s.special, s.run_at
        FROM unnest(served.passed, served.nths) p (seq, nth),
            LATERAL (SELECT q.ctid AS tid, q.* FROM scheduled q WHERE q.seq = p.seq OFFSET 0) s),
    wanted AS MATERIALIZED (
        SELECT *
        FROM (
            SELECT s.*, row_number() OVER up AS place, bool_or(s.special) OVER up AS any_special
            FROM seen s
            WINDOW up AS (ORDER BY s.priority DESC, s.due_at, s.seq)) w
        WHERE w.place <= need AND (w.place <= 64 OR NOT w.any_special)),
    mine AS (
        DELETE FROM ready r
        WHERE r.ctid = ANY (ARRAY(
            SELECT q.ctid FROM ready q
            WHERE q.ctid = ANY (ARRAY(SELECT DISTINCT w.ready FROM wanted w))
            FOR UPDATE SKIP LOCKED))
        RETURNING r.seq, r.more, r.attempt, r.lane, r.special),
    mine_late AS (
        DELETE FROM scheduled s
        WHERE s.ctid = ANY (ARRAY(
            SELECT q.ctid FROM scheduled q WHERE q.ctid = ANY (ARRAY(SELECT w.later FROM wanted w))
            FOR UPDATE SKIP LOCKED))
        RETURNING s.seq, s.attempt, s.lane, s.special),
    rest AS (
        INSERT INTO ready (pos, seq, more, lane, special)
        SELECT l.seqs[g], l.seqs[g], nullif(l.seqs[g + 1:g + need - 1], '{}'), l.lane, l.special
        FROM (SELECT m.lane, m.special,
                  ARRAY(SELECT unnest(m.more) EXCEPT SELECT w.seq FROM wanted w ORDER BY 1) AS seqs
              FROM mine m) l,
            generate_series(1, cardinality(l.seqs), need) g)
    SELECT coalesce(array_agg(w.seq ORDER BY w.place), '{}'),
        array_agg((t.attempt + 1)::smallint ORDER BY w.place),
        array_agg(t.lane ORDER BY w.place), array_agg(w.nth ORDER BY w.place),
        coalesce(bool_or(t.special), false), false, served.starts
    INTO taken
    FROM (SELECT j.seq, m.attempt, m.lane, m.special FROM mine m, unnest(m.seq || m.more) j (seq)
          UNION ALL SELECT * FROM mine_late) t
    JOIN wanted w ON w.seq = t.seq;
    RETURN taken;
END
$$;
