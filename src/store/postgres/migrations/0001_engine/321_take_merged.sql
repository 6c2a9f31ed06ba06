-- Takes jobs of several lanes of one priority, these of all, merged by position: `had` were taken
-- before. A few rows of each are read without a lock; past the last row of a lane that
-- had more the order is not known, so only what lies before is taken, then more is read. A row lies
-- within 64 positions from a multiple of 64 on, so those that have enough jobs in the blocks before
-- theirs are not looked into. Nothing is locked that is not taken.
CREATE FUNCTION mh_take_merged(served served_lanes, want_nths int[], need int, had int)
    RETURNS taken_jobs
    LANGUAGE plpgsql AS $$
DECLARE
    taken  taken_jobs := ('{}', '{}', '{}', '{}', false, false, '{NULL}');
    part   record;
    n      int := 0;
    lanes  int[] := ARRAY(SELECT served.lanes[u.nth] FROM unnest(want_nths) u (nth));
    starts bigint[] := ARRAY(SELECT served.starts[u.nth] FROM unnest(want_nths) u (nth));
    glance int := 2 + 2 * need / cardinality(want_nths);
BEGIN
    LOOP
        WITH seen AS MATERIALIZED (
            SELECT u.nth, q.*, coalesce(
                    sum(1 + coalesce(cardinality(q.more), 0)) OVER (
                        ORDER BY q.pos & -64 GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                    0) AS before
            FROM unnest(lanes, starts) WITH ORDINALITY u (lane, start, nth),
                LATERAL (SELECT r.ctid AS tid, r.pos, r.seq, r.more, r.special
                         FROM ready r
                         WHERE r.lane = u.lane AND r.pos > greatest(u.start, taken.ends[1])
                         ORDER BY r.pos LIMIT glance) q),
        edge AS MATERIALIZED (
            SELECT coalesce(min(f.last), 9223372036854775807) AS pos
            FROM (SELECT max(s.pos) AS last FROM seen s GROUP BY s.nth
                  HAVING count(*) = glance) f),
        wanted AS MATERIALIZED (
            SELECT o.tid, o.place
            FROM (
                SELECT p.tid, p.place, row_number() OVER up + n AS nth,
                    bool_or(p.special) OVER up AS special
                FROM (
                    SELECT s.tid, s.special,
                        CASE WHEN s.pos = s.seq THEN j.seq ELSE s.pos END AS place
                    FROM seen s, unnest(s.seq || s.more) j (seq)
                    WHERE s.before < need) p
                WHERE p.place <= (SELECT e.pos FROM edge e)
                WINDOW up AS (ORDER BY p.place)) o
            WHERE o.nth <= need AND (o.nth + had <= 64 OR NOT (o.special OR taken.special))),
        mine AS (
            DELETE FROM ready r
            WHERE r.ctid = ANY (ARRAY(
                SELECT q.ctid FROM ready q
                WHERE q.ctid = ANY (ARRAY(SELECT DISTINCT w.tid FROM wanted w))
                FOR UPDATE SKIP LOCKED))
            RETURNING r.pos, r.seq, r.more, r.attempt, r.special, r.lane),
        bound AS MATERIALIZED (
            SELECT max(w.place) AS pos FROM wanted w),
        rest AS (
            INSERT INTO ready (pos, seq, more, lane, special)
            SELECT l.seqs[g], l.seqs[g], nullif(l.seqs[g + 1:g + need - 1], '{}'), l.lane, l.special
            FROM (SELECT m.lane, m.special, ARRAY(SELECT u.seq FROM unnest(m.more) u (seq), bound b
                                                  WHERE u.seq > b.pos) AS seqs
                  FROM mine m) l,
                generate_series(1, cardinality(l.seqs), need) g)
        SELECT array_agg(t.job) AS seqs, array_agg((t.attempt + 1)::smallint) AS attempts,
            array_agg(t.lane) AS lanes, array_agg(array_position(served.lanes, t.lane)) AS nths,
            coalesce(bool_or(t.special), false) AS special, (SELECT b.pos FROM bound b) AS last,
            (SELECT e.pos FROM edge e) < 9223372036854775807
                OR (SELECT count(*) FROM wanted) >= need - n AS more
        INTO part
        FROM (
            SELECT m.*, j.seq AS job
            FROM mine m, bound b, unnest(m.seq || m.more) j (seq)
            WHERE CASE WHEN m.pos = m.seq THEN j.seq <= b.pos ELSE true END
            ORDER BY CASE WHEN m.pos = m.seq THEN j.seq ELSE m.pos END) t;

        IF part.seqs IS NOT NULL THEN
            taken.seqs := taken.seqs || part.seqs;
            taken.attempts := taken.attempts || part.attempts;
            taken.lanes := taken.lanes || part.lanes;
            taken.nths := taken.nths || part.nths;
            taken.special := taken.special OR part.special;
            n := cardinality(taken.seqs);
        END IF;
        taken.ends[1] := coalesce(part.last, taken.ends[1]);
        EXIT WHEN n >= need OR NOT part.more OR part.last IS NULL;
        glance := least(glance * 4, need + 1);
    END LOOP;
    RETURN taken;
END
$$;
