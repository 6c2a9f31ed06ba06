-- Claims up to `max_jobs` due jobs of these types (null: all), highest priority first, then in the
-- order of becoming due. See ENGINE.md for the rows it gives and for what `cursor` is to the
-- caller.
--
-- Walks `lane`, for each lane one step of scheduled_due, then `ready` by its primary key; then one
-- search by primary key in `job` for each job claimed. Locks the rows of `ready` that it takes and
-- skips those that others have; writes one row of `lease`.
--
-- The cursor is {looked back at, began at the low marks at, mark, n, n lanes, a position for
-- each}, the
-- times in microseconds. A scan begins after the lane's position: before that all entries are dead
-- but
-- not yet removed. Jobs of transactions that commit late lie after the mark of the last look back,
-- so from
-- there the scan begins each 250 ms, and whenever there is nothing to claim. Rows that a claim
-- locked
-- and whose transaction then failed may lie anywhere: each 16 s the scan begins at the low marks.

CREATE FUNCTION mh_claim(worker int, max_jobs int, types text[], cursor bigint[])
    RETURNS TABLE (
        lease bigint, next_cursor bigint[], next_due_ms bigint, running bigint,
        started_at timestamptz, seq bigint, id uuid, tenant_id uuid, type text, priority int,
        payload jsonb, error text, attempts int, max_attempts int, run_at timestamptz,
        unique_key text, correlation_id text, created_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    now_us bigint;
    back   boolean := cursor IS NULL;
    low    boolean := cursor IS NULL;
    mark   bigint := cursor[3];
    length bigint;
    served record;
    due    timestamptz;
    taken  record;
BEGIN
    SELECT w.lease_ms INTO length FROM worker w
    WHERE w.number = mh_claim.worker AND w.gone_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    started_at := clock_timestamp();
    now_us := extract(epoch FROM started_at) * 1000000;
    IF cursor IS NULL OR now_us NOT BETWEEN cursor[1] AND cursor[1] + 250000 THEN
        back := true;
        low := low OR now_us NOT BETWEEN cursor[2] AND cursor[2] + 16000000;
        mark := mh_mark();
    END IF;

    served := mh_served(types, cursor, back, low);
    due := mh_next_due(served.lanes);
    taken := mh_take_fitting(served.lanes, served.priorities, served.starts, max_jobs, started_at,
                             due <= started_at);
    IF due <= started_at THEN
        due := mh_next_due(served.lanes);
    END IF;
    IF taken.seqs = '{}' AND NOT back THEN
        served := mh_served(types, cursor, true, false);
        taken := mh_take_fitting(served.lanes, served.priorities, served.starts, max_jobs,
                                 started_at, false);
    END IF;

    next_cursor := ARRAY[CASE WHEN back THEN now_us ELSE cursor[1] END,
                         CASE WHEN low THEN now_us ELSE cursor[2] END, mark]
        || mh_lanes_of_cursor(served.lanes, taken.ends, cursor);
    next_due_ms := CASE WHEN taken.cut THEN 0 WHEN due IS NULL THEN -1
        ELSE greatest(ceil(extract(epoch FROM due - started_at) * 1000), 0) END;
    IF taken.seqs <> '{}' THEN
        INSERT INTO lease AS l (claimed_at, lease_ms, worker, keyed, seqs, lanes, attempts)
        VALUES (mh_claim.started_at, length, mh_claim.worker, taken.keyed, taken.seqs, taken.lanes,
                taken.attempts)
        RETURNING l.id INTO lease;
    END IF;
    IF cardinality(taken.seqs) < max_jobs THEN
        running := (SELECT count(*) FROM lease l, unnest(l.lanes) u (lane)
                    WHERE mh_claim.types IS NULL
                        OR u.lane IN (SELECT a.id FROM lane a WHERE a.type = ANY (mh_claim.types)));
    END IF;
    RETURN NEXT;
    RETURN QUERY
        SELECT NULL::bigint, NULL::bigint[], NULL::bigint, NULL::bigint, NULL::timestamptz,
            j.seq, j.id, j.tenant_id, served.types[u.nth], served.priorities[u.nth],
            j.payload,
            CASE WHEN u.attempt > 1 OR j.touched THEN mh_last_error(j.seq) END,
            u.attempt::int, j.max_attempts::int, coalesce(j.run_at, j.created_at),
            j.unique_key, j.correlation_id, j.created_at
        FROM unnest(taken.seqs, taken.attempts, taken.nths) u (seq, attempt, nth),
            LATERAL (SELECT * FROM job q WHERE q.seq = u.seq OFFSET 0) j;
END
$$;

-- The lanes of these types that are not paused, highest priority first, each with the position
-- after
-- which to look: from the cursor; from the mark at most (`back`); from the low mark (`low`).
CREATE FUNCTION mh_served(want_types text[], cursor bigint[], back boolean, low boolean,
    OUT lanes int[], OUT priorities int[], OUT types text[], OUT starts bigint[])
    LANGUAGE plpgsql AS $$
DECLARE
    n     int := cursor[4];
    known bigint[] := CASE WHEN NOT low THEN cursor[5:4 + n] END;
    mark  bigint := CASE WHEN back AND NOT low THEN cursor[3] END;
BEGIN
    IF want_types IS NULL THEN
        want_types := ARRAY(SELECT DISTINCT l.type FROM lane l);
    END IF;
    SELECT coalesce(array_agg(s.id), '{}'), array_agg(s.priority), array_agg(s.type),
        array_agg(least(mark, greatest(s.low, cursor[4 + n + array_position(known, s.id::bigint)])))
    INTO lanes, priorities, types, starts
    FROM (SELECT l.*
          FROM unnest(want_types) u (type) JOIN lane l ON l.type = u.type
          WHERE u.type <> ALL (ARRAY(SELECT t.name FROM type t WHERE t.paused))
          ORDER BY l.priority DESC, l.id) s;
END
$$;

-- The part of a cursor that is about lanes: these, and the others of the old cursor.
CREATE FUNCTION mh_lanes_of_cursor(lanes int[], ends bigint[], cursor bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql AS $$
DECLARE
    n      int := coalesce(cursor[4], 0);
    others bigint[];
    poses  bigint[];
BEGIN
    IF cursor[5:4 + n] <> lanes::bigint[] THEN
        SELECT array_agg(cursor[4 + i]), array_agg(cursor[4 + n + i]) INTO others, poses
        FROM generate_series(1, n) i
        WHERE cursor[4 + i] <> ALL (lanes);
    END IF;
    RETURN (cardinality(lanes) + coalesce(cardinality(others), 0))::bigint || lanes::bigint[]
        || others || ends || poses;
END
$$;

-- When the next job of these lanes becomes due. One step of scheduled_due for each.
CREATE FUNCTION mh_next_due(lanes int[]) RETURNS timestamptz
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN (
        SELECT min(first.run_at)
        FROM unnest(lanes) u (lane),
            LATERAL (SELECT s.run_at FROM scheduled s WHERE s.lane = u.lane
                     ORDER BY s.run_at, s.seq LIMIT 1) first);
END
$$;

-- The error of the job's last attempt that did not succeed. By the primary key of `attempt`.
CREATE FUNCTION mh_last_error(job_seq bigint) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT a.error FROM attempt a WHERE a.seq = job_seq AND a.error IS NOT NULL
            ORDER BY a.lease DESC LIMIT 1);
END
$$;
