-- The lanes of a claim, highest priority first: for each the position after which to look, how many
-- rows of `ready` are there (2: or more), and where the next claim is to look if this one takes
-- none of them; and when the first scheduled job of them becomes due. Lanes of types with limits
-- are not among them; mh_pass adds the jobs of such types that may be taken.
CREATE TYPE served_lanes AS (
    lanes      int[],
    priorities int[],
    types      text[],
    starts     bigint[],
    ends       bigint[],
    rows       int[],
    due        timestamptz,
    gated      boolean, -- some type has limits
    passed     bigint[], -- jobs in `scheduled`
    nths       int[], -- for each of them the place of its priority and type, past those of `lanes`
    gate_due   timestamptz -- when to look at the gates again
);

-- What a claim takes, in the order claimed: the jobs, their attempts (this one counted), the lane
-- of each and its place among those served; and the positions after which to look next time.
--
-- No reply should be huge: after 64 jobs a claim goes on only while it has met none that is
-- special.
CREATE TYPE taken_jobs AS (
    seqs     bigint[],
    attempts smallint[],
    lanes    int[],
    nths     int[],
    special  boolean, -- false: none of them is
    run      boolean, -- true: first attempts of one lane, each seq the one before and one
    ends     bigint[]
);

-- The lanes of these types that are neither paused nor limited. They start at the cursor; at the
-- mark at most (`back`); at the low mark (`low`). Where a new mark was found before and nothing is
-- after the start, nothing can come to be up to that mark. Walks lane_type_priority_key, and for
-- each lane one step of scheduled_due and one or two of the primary key of `ready`.
CREATE FUNCTION mh_served(
    want_types text[], cursor bigint[], back boolean, low boolean, new_mark bigint)
    RETURNS served_lanes
    LANGUAGE plpgsql AS $$
DECLARE
    n      int := cursor[4];
    known  bigint[] := CASE WHEN NOT low THEN cursor[5:4 + n] END;
    mark   bigint := CASE WHEN back AND NOT low THEN cursor[3] END;
    served served_lanes;
BEGIN
    IF want_types IS NULL THEN
        want_types := ARRAY(SELECT DISTINCT l.type FROM lane l);
    END IF;
    SELECT coalesce(array_agg(s.id), '{}'), array_agg(s.priority), array_agg(s.type),
        array_agg(s.start),
        array_agg(CASE WHEN s.rows = 0 THEN greatest(s.start, new_mark) ELSE s.start END),
        array_agg(s.rows), min(s.due),
        EXISTS (SELECT FROM type t WHERE (t.paused OR t.gated) AND t.gated)
    INTO served
    FROM (SELECT l.*, p.start,
              (SELECT c.run_at FROM scheduled c WHERE c.lane = l.id AND c.grp IS NULL
               ORDER BY c.run_at, c.seq LIMIT 1) AS due,
              cardinality(ARRAY(SELECT r.pos FROM ready r
                                WHERE r.lane = l.id AND r.pos > p.start LIMIT 2)) AS rows
          FROM lane l,
              LATERAL (SELECT least(mark, greatest(l.low, cursor[4 + n + array_position(
                           known, l.id::bigint)])) AS start OFFSET 0) p
          WHERE l.type = ANY (want_types)
              AND l.type <> ALL (ARRAY(SELECT t.name FROM type t WHERE t.paused OR t.gated))
          ORDER BY l.priority DESC, l.id) s;
    RETURN served;
END
$$;

-- When the next job of these lanes becomes due. One step of scheduled_due for each.
CREATE FUNCTION mh_next_due(lanes int[]) RETURNS timestamptz
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN (
        SELECT min(first.run_at)
        FROM unnest(lanes) u (lane),
            LATERAL (SELECT s.run_at FROM scheduled s
                     WHERE s.lane = u.lane AND s.grp IS NULL
                     ORDER BY s.run_at, s.seq LIMIT 1) first);
END
$$;

-- The part of a cursor that is about lanes: these, and the others of the old cursor. A lane
-- goes on after the last position taken, but before any that was passed over because
-- somebody had it locked.
CREATE FUNCTION mh_lanes_of_cursor(served served_lanes, ends bigint[], cursor bigint[])
    RETURNS bigint[]
    LANGUAGE plpgsql AS $$
DECLARE
    n      int := coalesce(cursor[4], 0);
    others bigint[];
    poses  bigint[];
BEGIN
    IF ends <> served.starts THEN
        ends := ARRAY(
            SELECT least(u.last, (SELECT r.pos - 1 FROM ready r
                                  WHERE r.lane = u.lane AND r.pos > u.start AND r.pos <= u.last
                                  ORDER BY r.pos LIMIT 1))
            FROM unnest(served.lanes, served.starts, ends) WITH ORDINALITY u (lane, start, last, n)
            ORDER BY u.n);
    END IF;
    IF cursor[5:4 + n] <> served.lanes::bigint[] THEN
        SELECT array_agg(cursor[4 + i]), array_agg(cursor[4 + n + i]) INTO others, poses
        FROM generate_series(1, n) i
        WHERE cursor[4 + i] <> ALL (served.lanes);
    END IF;
    RETURN (cardinality(served.lanes) + coalesce(cardinality(others), 0))::bigint
        || served.lanes::bigint[] || others || ends || poses;
END
$$;
