-- Takes up to `need` jobs out of `ready`: lanes of falling priority, each looked at after its
-- start.
-- Gives, in the order claimed, the jobs, their attempts (this one counted), the lane of each and
-- its place
-- among those given; and the positions after which to look next time.

CREATE FUNCTION mh_take_ready(want_lanes int[], priorities int[], starts bigint[], need int,
    OUT seqs bigint[], OUT attempts smallint[], OUT lanes int[], OUT nths int[], OUT keyed boolean,
    OUT ends bigint[])
    LANGUAGE plpgsql AS $$
DECLARE
    n    int := cardinality(want_lanes);
    i    int := 1;
    k    int;
    part record;
BEGIN
    seqs := '{}';
    attempts := '{}';
    lanes := '{}';
    nths := '{}';
    keyed := false;
    ends := starts;
    WHILE i <= n AND need > 0 LOOP
        k := i;
        WHILE k < n AND priorities[k + 1] = priorities[i] LOOP
            k := k + 1;
        END LOOP;
        IF k = i THEN
            part := mh_take_lane(want_lanes[i], starts[i], i, need);
        ELSE
            part := mh_take_merged(want_lanes, starts, i, k, need);
        END IF;
        IF part.seqs IS NOT NULL THEN
            seqs := seqs || part.seqs;
            attempts := attempts || part.attempts;
            lanes := lanes || part.lanes;
            nths := nths || part.nths;
            keyed := keyed OR part.keyed;
            need := need - cardinality(part.seqs);
            FOR lane_nth IN i..k LOOP
                ends[lane_nth] := greatest(ends[lane_nth], part.top);
            END LOOP;
        END IF;
        i := k + 1;
    END LOOP;
END
$$;

-- The only lane of its priority, the nth of all. What the DELETE gives, and nothing else, was
-- taken.
CREATE FUNCTION mh_take_lane(want_lane int, start bigint, nth int, need int,
    OUT seqs bigint[], OUT attempts smallint[], OUT lanes int[], OUT nths int[], OUT keyed boolean,
    OUT top bigint)
    LANGUAGE plpgsql AS $$
BEGIN
    WITH taken AS (
        DELETE FROM ready r
        WHERE r.ctid = ANY (ARRAY(
            SELECT q.ctid FROM ready q
            WHERE q.lane = want_lane AND q.pos > start
            ORDER BY q.pos LIMIT need
            FOR UPDATE SKIP LOCKED))
        RETURNING r.seq, r.pos, r.attempt, r.keyed)
    SELECT array_agg(t.seq), array_agg((t.attempt + 1)::smallint), bool_or(t.keyed), max(t.pos)
    INTO seqs, attempts, keyed, top
    FROM (SELECT * FROM taken ORDER BY pos) t;
    IF seqs IS NOT NULL THEN
        lanes := array_fill(want_lane, ARRAY[cardinality(seqs)]);
        nths := array_fill(nth, ARRAY[cardinality(seqs)]);
    END IF;
END
$$;

-- Several lanes of one priority, the ith to the kth of all, merged by position. The first few rows
-- of each are read without a
-- lock; past the last row of a lane that had more the order is not known, so only what lies before
-- is taken, then more is read. Nothing is locked that is not taken.
CREATE FUNCTION mh_take_merged(want_lanes int[], starts bigint[], i int, k int, need int,
    OUT seqs bigint[], OUT attempts smallint[], OUT lanes int[], OUT nths int[], OUT keyed boolean,
    OUT top bigint)
    LANGUAGE plpgsql AS $$
DECLARE
    glance int := 2 + 2 * need / (k - i + 1);
    part   record;
BEGIN
    LOOP
        WITH seen AS MATERIALIZED (
            SELECT u.nth, q.pos, q.tid
            FROM unnest(want_lanes[i:k], starts[i:k]) WITH ORDINALITY u (lane, start, nth),
                LATERAL (SELECT r.pos, r.ctid AS tid FROM ready r
                         WHERE r.lane = u.lane AND r.pos > greatest(u.start, top)
                         ORDER BY r.pos LIMIT glance) q),
        edge AS MATERIALIZED (
            SELECT min(f.last) AS pos
            FROM (SELECT max(s.pos) AS last FROM seen s GROUP BY s.nth
                  HAVING count(*) = glance) f),
        wanted AS MATERIALIZED (
            SELECT s.pos, s.tid, s.nth FROM seen s, edge e
            WHERE s.pos <= e.pos OR e.pos IS NULL
            ORDER BY s.pos LIMIT need),
        taken AS (
            DELETE FROM ready r
            WHERE r.ctid = ANY (ARRAY(
                SELECT q.ctid FROM ready q
                WHERE q.ctid = ANY (ARRAY(SELECT w.tid FROM wanted w))
                FOR UPDATE SKIP LOCKED))
            RETURNING r.seq, r.pos, r.attempt, r.keyed, r.lane)
        SELECT array_agg(t.seq) AS seqs, array_agg((t.attempt + 1)::smallint) AS attempts,
            array_agg(t.lane) AS lanes, array_agg(array_position(want_lanes, t.lane)) AS nths,
            bool_or(t.keyed) AS keyed,
            (SELECT max(w.pos) FROM wanted w) AS top,
            (SELECT e.pos FROM edge e) IS NOT NULL
                OR (SELECT count(*) FROM wanted) >= need AS more
        INTO part
        FROM (SELECT * FROM taken ORDER BY pos) t;

        IF part.seqs IS NOT NULL THEN
            seqs := seqs || part.seqs;
            attempts := attempts || part.attempts;
            lanes := lanes || part.lanes;
            nths := nths || part.nths;
            keyed := coalesce(keyed, false) OR part.keyed;
            need := need - cardinality(part.seqs);
        END IF;
        top := coalesce(part.top, top);
        EXIT WHEN need <= 0 OR NOT part.more;
        glance := least(glance * 4, need + 1);
    END LOOP;
END
$$;
