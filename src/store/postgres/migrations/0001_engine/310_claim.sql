-- Claims up to `max_jobs` due jobs of these types (null: all), highest priority first, then
-- in the order of becoming due. See ENGINE.md for the rows it gives and for what `cursor`
-- is to the caller.
--
-- Walks `lane`, for each lane one step of scheduled_due, then `ready` by its primary key; then one
-- search by primary key in `job` for each job claimed, or one for them all where they follow each
-- other. Locks the rows of `ready` that it takes and skips those that others have; writes one row
-- of `lease`. Where others have all there is, it looks again for some 20 ms, and then answers that
-- something will soon be due.
--
-- The cursor is {looked back at, began at the low marks at, mark, n, n lanes, a position for each},
-- the times in microseconds. A scan begins after the lane's position: up to there no job was left.
-- Jobs of transactions that commit late lie after the mark of the last look back, so from there the
-- scan begins each 250 ms, and whenever there is nothing to claim. Each 16 s it begins at the low
-- marks, so that whatever was missed is found. While few positions were taken since the mark, all
-- scans begin there, which costs less than to raise it, and positions are kept only where a scan
-- would else walk over many rows that were taken before.
--
-- What a claim of one job costs are its statements, which every transaction begins anew. So there
-- is a short way for a queue that is nearly empty, tried where the last claim took one job at most
-- and was short of its limit; then the cursor has 0 for when it looked back. It looks at
-- everything at once, and takes the one job there is (of a worker that wants one: the first), or
-- answers that there is none. Whatever else it meets is left to the long way.
CREATE FUNCTION mh_claim(worker int, max_jobs int, types text[], cursor bigint[])
    RETURNS TABLE (
        lease bigint, next_cursor bigint[], next_due_ms bigint, running bigint,
        started_at timestamptz, seq bigint, id uuid, tenant_id uuid, type text, priority int,
        payload jsonb, error text, attempts int, max_attempts int, run_at timestamptz,
        unique_key text, correlation_id text, traceparent text, created_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    now_us        bigint;
    near          boolean := coalesce(pg_sequence_last_value('pos'), 0) - cursor[3] <= 64;
    back          boolean;
    low           boolean;
    mark          bigint;
    length        bigint;
    served        served_lanes;
    taken         taken_jobs;
    busy          boolean;
    seen          record;
    mine          record;
    due           timestamptz;
    only_type     text;
    only_priority int;
BEGIN
    started_at := clock_timestamp();
    now_us := date_part('epoch', started_at) * 1000000;
    IF near AND cursor[1] = 0 AND now_us BETWEEN cursor[2] AND cursor[2] + 16000000
        AND max_jobs > 0 AND NOT mh_followed() THEN
        SELECT w.lease_ms, r.*, count(r.tid) OVER () AS rows, min((
                SELECT c.run_at FROM scheduled c WHERE c.lane = l.id AND c.grp IS NULL
                ORDER BY c.run_at, c.seq LIMIT 1)) OVER () AS due,
            EXISTS (SELECT FROM type t
                    WHERE (t.paused OR t.gated) AND t.name = ANY (mh_claim.types)) AS held
        INTO seen
        FROM worker w
        JOIN lane l ON l.type = ANY (mh_claim.types)
        LEFT JOIN LATERAL (
            SELECT q.ctid AS tid, q.pos, l.type, l.priority FROM ready q
            WHERE q.lane = l.id AND q.pos > least(cursor[3], greatest(l.low, cursor[
                4 + cursor[4] + array_position(cursor[5:4 + cursor[4]], l.id::bigint)]))
            ORDER BY q.pos LIMIT 2) r ON true
        WHERE w.number = mh_claim.worker AND w.gone_at IS NULL
        ORDER BY r.priority DESC NULLS LAST, r.pos LIMIT 1;
        IF NOT seen.held AND coalesce(seen.due > started_at, true)
            AND (seen.rows <= 1 OR max_jobs = 1) THEN
            next_cursor := cursor;
            next_due_ms := mh_ms_until(seen.due, started_at);
            IF seen.rows = 0 THEN
                running := mh_count_running(types);
                RETURN NEXT;
                RETURN;
            END IF;
            DELETE FROM ready r
            WHERE r.ctid = ANY (ARRAY(
                SELECT q.ctid FROM ready q
                WHERE q.ctid = seen.tid AND q.pos = seen.pos AND q.more IS NULL
                FOR UPDATE SKIP LOCKED))
            RETURNING r.* INTO mine;
            IF FOUND THEN
                INSERT INTO lease AS l (
                    claimed_at, lease_ms, worker, special, seqs, lanes, attempts)
                VALUES (mh_claim.started_at, seen.lease_ms, mh_claim.worker, mine.special,
                        ARRAY[mine.seq], ARRAY[mine.lane], ARRAY[mine.attempt + 1])
                RETURNING l.id INTO lease;
                RETURN NEXT;
                RETURN QUERY
                    SELECT NULL::bigint, NULL::bigint[], NULL::bigint, NULL::bigint,
                        NULL::timestamptz, j.seq, j.id, j.tenant_id, seen.type, seen.priority,
                        j.payload,
                        CASE WHEN mine.attempt > 0 OR j.touched THEN mh_last_error(j.seq) END,
                        mine.attempt + 1, j.max_attempts::int, coalesce(j.run_at, j.created_at),
                        j.unique_key, j.correlation_id, j.traceparent, j.created_at
                    FROM job j WHERE j.seq = mine.seq;
                RETURN;
            END IF;
        END IF;
    END IF;

    SELECT w.lease_ms INTO length FROM worker w
    WHERE w.number = mh_claim.worker AND w.gone_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    back := near OR cursor IS NULL;
    low := cursor IS NULL;
    IF cursor IS NULL OR now_us NOT BETWEEN cursor[1] AND cursor[1] + 250000 THEN
        back := true;
        low := low OR now_us NOT BETWEEN cursor[2] AND cursor[2] + 16000000;
        mark := CASE WHEN low OR NOT near THEN mh_mark() END;
    END IF;

    FOR try IN 0..8 LOOP
        served := mh_served(types, cursor, back OR try > 0, low, mark);
        IF served.gated THEN
            served := mh_pass(served, types, max_jobs, started_at);
        END IF;
        busy := coalesce(0 < ANY (served.rows), false);
        due := served.due;
        IF due <= started_at THEN
            taken := mh_take_due(served, max_jobs, started_at);
            due := least(mh_next_due(served.lanes), served.gate_due);
        ELSIF busy THEN
            taken := mh_take_ready(served, max_jobs);
        END IF;
        EXIT WHEN taken.seqs <> '{}' OR (back OR try > 0) AND NOT busy;
        CONTINUE WHEN try = 0 AND NOT back;
        due := started_at + interval '50 ms';
        PERFORM pg_sleep(0.0005 * try);
    END LOOP;

    next_cursor := ARRAY[
        CASE WHEN coalesce(cardinality(taken.seqs), 0) < least(max_jobs, 2) THEN 0
             WHEN back THEN now_us ELSE cursor[1] END,
        CASE WHEN low THEN now_us ELSE cursor[2] END, coalesce(mark, cursor[3])]
        || CASE WHEN near AND NOT low AND (
               taken.ends[taken.nths[1]] - served.starts[taken.nths[1]] > 512) IS NOT TRUE
               THEN cursor[4:]
           ELSE mh_lanes_of_cursor(served, coalesce(taken.ends, served.ends), cursor) END;
    IF taken.seqs <> '{}' THEN
        INSERT INTO lease AS l (claimed_at, lease_ms, worker, special, gated, seqs, lanes, attempts)
        VALUES (mh_claim.started_at, length, mh_claim.worker, taken.special,
                served.gated AND cardinality(served.lanes) < ANY (taken.nths), taken.seqs,
                taken.lanes, taken.attempts)
        RETURNING l.id INTO lease;
        IF mh_followed() THEN
            SET LOCAL synchronous_commit TO DEFAULT; -- who follows never sees what may be undone
            PERFORM mh_tell(1, mh_claim.worker, taken.seqs, taken.attempts);
        END IF;
    END IF;
    IF taken.special AND cardinality(taken.seqs) < max_jobs THEN
        due := started_at; -- there may be more, which was left where it is
    END IF;
    next_due_ms := mh_ms_until(due, started_at);
    IF lease IS NULL THEN
        running := mh_count_running(types);
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN NEXT;
    IF taken.run THEN -- the same as below, in one walk
        only_type := served.types[taken.nths[1]];
        only_priority := served.priorities[taken.nths[1]];
        RETURN QUERY
            SELECT NULL::bigint, NULL::bigint[], NULL::bigint, NULL::bigint, NULL::timestamptz,
                j.seq, j.id, j.tenant_id, only_type, only_priority, j.payload,
                CASE WHEN j.touched THEN mh_last_error(j.seq) END, 1, j.max_attempts::int,
                coalesce(j.run_at, j.created_at), j.unique_key, j.correlation_id, j.traceparent,
                j.created_at
            FROM job j
            WHERE j.seq BETWEEN taken.seqs[1] AND taken.seqs[cardinality(taken.seqs)]
            ORDER BY j.seq;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT NULL::bigint, NULL::bigint[], NULL::bigint, NULL::bigint, NULL::timestamptz,
            j.seq, j.id, j.tenant_id, served.types[u.nth], served.priorities[u.nth],
            j.payload,
            CASE WHEN u.attempt > 1 OR j.touched THEN mh_last_error(j.seq) END,
            u.attempt::int, j.max_attempts::int, coalesce(j.run_at, j.created_at),
            j.unique_key, j.correlation_id, j.traceparent, j.created_at
        FROM (SELECT unnest(taken.seqs) AS seq, unnest(taken.attempts) AS attempt,
                  unnest(taken.nths) AS nth) u,
            LATERAL (SELECT * FROM job q WHERE q.seq = u.seq OFFSET 0) j;
END
$$;

-- -1: never. A part of the expressions that call it.
CREATE FUNCTION mh_ms_until(due timestamptz, moment timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN due IS NULL THEN -1
        ELSE greatest(ceil(extract(epoch FROM due - moment) * 1000), 0)::bigint END
$$;

-- How many jobs of these types (null: all) run, on whatever worker. Walks `lease`.
CREATE FUNCTION mh_count_running(want_types text[]) RETURNS bigint
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM lease l, unnest(l.lanes) u (lane)
        WHERE CASE WHEN want_types IS NULL THEN l.worker <> 0
            ELSE (SELECT a.type = ANY (want_types) FROM lane a WHERE a.id = u.lane) END);
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
