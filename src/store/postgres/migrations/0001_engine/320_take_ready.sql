-- Takes up to `need` jobs out of `ready`, lanes of falling priority, each looked at after its
-- start. Lanes in which mh_served saw no row are left out.
CREATE FUNCTION mh_take_ready(served served_lanes, need int) RETURNS taken_jobs
    LANGUAGE plpgsql AS $$
DECLARE
    taken taken_jobs;
    part  taken_jobs;
    nths  int[];
    had   int := 0;
    n     int;
    i     int := 1;
    k     int;
BEGIN
    IF cardinality(served.lanes) = 1 THEN
        RETURN mh_take_lane(served.lanes[1], served.starts[1], served.rows[1], 1, need, 0);
    END IF;
    taken := ('{}', '{}', '{}', '{}', false, false, served.ends);
    nths := ARRAY(SELECT g FROM generate_subscripts(served.rows, 1) g WHERE served.rows[g] > 0);
    n := cardinality(nths);
    WHILE i <= n AND had < need AND NOT (taken.special AND had >= 64) LOOP
        k := i;
        WHILE k < n AND served.priorities[nths[k + 1]] = served.priorities[nths[i]] LOOP
            k := k + 1;
        END LOOP;
        IF k = i THEN
            part := mh_take_lane(served.lanes[nths[i]], served.starts[nths[i]],
                                 served.rows[nths[i]], nths[i], need - had, had);
        ELSE
            part := mh_take_merged(served, nths[i:k], need - had, had);
        END IF;
        IF part.seqs <> '{}' THEN
            taken.seqs := taken.seqs || part.seqs;
            taken.attempts := taken.attempts || part.attempts;
            taken.lanes := taken.lanes || part.lanes;
            taken.nths := taken.nths || part.nths;
            taken.special := taken.special OR part.special;
            taken.run := had = 0 AND part.run;
            FOR g IN i..k LOOP
                taken.ends[nths[g]] := greatest(taken.ends[nths[g]], part.ends[1]);
            END LOOP;
            had := cardinality(taken.seqs);
        END IF;
        i := k + 1;
    END LOOP;
    RETURN taken;
END
$$;

-- Takes jobs of the nth of the lanes, the only one of its priority, in which mh_served saw so many
-- rows: `had` were taken before. Goes from row to row, so that none is locked but those that it
-- takes; they cannot change before they are deleted. One row is taken by one statement.
CREATE FUNCTION mh_take_lane(
    want_lane int, start bigint, rows int, nth int, need int, had int)
    RETURNS taken_jobs
    LANGUAGE plpgsql AS $$
DECLARE
    heads CURSOR FOR
        SELECT r.ctid AS tid, r.pos, r.special, r.seq || r.more AS seqs,
            1 + coalesce(cardinality(r.more), 0) AS n, (r.attempt + 1)::smallint AS attempt
        FROM ready r
        WHERE r.lane = want_lane AND r.pos > start
        ORDER BY r.pos
        FOR UPDATE SKIP LOCKED;
    tids     tid[];
    seqs     bigint[] := '{}';
    attempts smallint[] := '{}';
    special  boolean := false;
    fresh    boolean := true;
    last     bigint := start;
    n        int := 0;
    most     int := need;
BEGIN
    IF (rows = 1 OR need = 1) AND had = 0 THEN
        DELETE FROM ready r
        WHERE r.ctid = ANY (ARRAY(SELECT q.ctid FROM ready q
                                  WHERE q.lane = want_lane AND q.pos > start
                                  ORDER BY q.pos LIMIT 1
                                  FOR UPDATE SKIP LOCKED))
        RETURNING r.seq || r.more, 1 + coalesce(cardinality(r.more), 0), r.special, r.pos,
            array_fill((r.attempt + 1)::smallint, ARRAY[1 + coalesce(cardinality(r.more), 0)])
        INTO seqs, n, special, last, attempts;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        most := CASE WHEN special THEN least(need, 64) ELSE need END;
    ELSE
        FOR head IN heads LOOP
            IF head.special THEN
                EXIT WHEN had + n >= 64;
                most := least(need, 64 - had);
                special := true;
            END IF;
            tids := tids || head.tid;
            seqs := seqs || head.seqs;
            attempts := attempts || array_fill(head.attempt, ARRAY[head.n]);
            fresh := fresh AND head.pos = head.seqs[1];
            last := head.pos;
            n := n + head.n;
            EXIT WHEN n >= most;
        END LOOP;
        IF n > 0 THEN
            DELETE FROM ready r WHERE r.ctid = ANY (tids);
        END IF;
    END IF;
    IF n > most THEN
        PERFORM mh_put_back(want_lane, seqs[most + 1:], special, need);
        seqs := seqs[:most];
        attempts := attempts[:most];
        n := most;
    END IF;
    RETURN (seqs, attempts, array_fill(want_lane, ARRAY[n]), array_fill(nth, ARRAY[n]), special,
            fresh AND 1 = ALL (attempts) AND seqs[n] - seqs[1] = n - 1, ARRAY[last]);
END
$$;

-- Puts back what is left of a chunk, in pieces of the size that was wanted of it: others probably
-- want as many, and find a row each.
CREATE FUNCTION mh_put_back(chunk_lane int, rest bigint[], special boolean, piece int)
    RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ready (pos, seq, more, lane, special)
    SELECT rest[i], rest[i], nullif(rest[i + 1:i + piece - 1], '{}'), chunk_lane,
        mh_put_back.special
    FROM generate_series(1, cardinality(rest), piece) i;
END
$$;
