-- Registers a worker and gives the number that names it from here on. Kept parsed, as mh_version
-- is, so that a worker starts sooner.
CREATE FUNCTION mh_join(worker_id text, lease_ms bigint, types text[]) RETURNS int
    LANGUAGE sql SECURITY DEFINER SET search_path = :"schema", pg_temp
BEGIN ATOMIC
    INSERT INTO worker (name, started_at, beat_at, lease_ms, types)
    VALUES (worker_id, statement_timestamp(), statement_timestamp(), lease_ms, types)
    RETURNING number;
END;

-- Gives back, uncounted, the jobs of the worker's leases other than `kept`; gives how many. Walks
-- `lease`, which has a row per claim that runs; locks those it ends, in the order of their numbers.
CREATE FUNCTION mh_hand_back(of_worker int, kept bigint[]) RETURNS int
    LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    held  lease;
    total int := 0;
BEGIN
    FOR held IN
        SELECT l.* FROM lease l
        WHERE l.worker = of_worker AND l.id <> ALL (kept)
        ORDER BY l.id
        FOR UPDATE
    LOOP
        total := total + cardinality(mh_settle_all(mh_take(held.id, held.seqs), 3, NULL));
    END LOOP;
    RETURN total;
END
$$;

-- The worker is gone: what it holds is given back uncounted. Locks its row and its leases.
CREATE FUNCTION mh_leave(worker int) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
BEGIN
    UPDATE worker w SET gone_at = clock_timestamp()
    WHERE w.number = mh_leave.worker AND w.gone_at IS NULL;
    RETURN mh_hand_back(mh_leave.worker, '{}');
END
$$;

-- The worker knows of these leases only, for the answer to a claim was lost: what is in its others
-- is given back uncounted, which heartbeats would else prolong for ever. Gives how many jobs, in a
-- row of its own, then which of the leases stand: a crash of the server may have undone a claim. No
-- row: the worker is not known. Locks the leases that it gives back.
CREATE FUNCTION mh_disown(worker int, leases bigint[]) RETURNS TABLE (given_back int, stands bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM worker w WHERE w.number = mh_disown.worker AND w.gone_at IS NULL;
    IF FOUND THEN
        given_back := mh_hand_back(mh_disown.worker, coalesce(leases, '{}'));
        RETURN NEXT;
        RETURN QUERY SELECT NULL::int, l.id FROM lease l
                     WHERE l.id = ANY (leases) AND l.worker = mh_disown.worker;
    END IF;
END
$$;

-- When a lease ends unless its worker is heard of.
CREATE FUNCTION mh_lease_end(held lease, beat_at timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest(held.claimed_at, beat_at) + held.lease_ms * interval '1 ms'
$$;

-- Prolongs the worker's leases, by one row however many it holds, and says of each job asked after:
-- 1 it holds it, 4 a person cancelled it, -1 the lease was lost. Null: the worker is not known.
CREATE FUNCTION mh_heartbeat(worker int, leases bigint[], seqs bigint[]) RETURNS smallint[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
BEGIN
    UPDATE worker w SET beat_at = clock_timestamp()
    WHERE w.number = mh_heartbeat.worker AND w.gone_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(
        SELECT CASE
            WHEN l.id IS NOT NULL THEN 1
            WHEN EXISTS (SELECT FROM attempt a
                         WHERE a.seq = u.seq AND a.lease = u.lease AND a.outcome = 'cancelled')
                THEN 4
            ELSE -1 END::smallint
        FROM unnest(leases, seqs) WITH ORDINALITY u (lease, seq, n)
        LEFT JOIN lease l
            ON l.id = u.lease AND l.worker = mh_heartbeat.worker AND u.seq = ANY (l.seqs)
        ORDER BY u.n);
END
$$;

-- What workers say of running jobs, ignored for those no longer in their lease: how far they have
-- come (an element null: nothing of that), a message to go with it, lines that their handlers wrote
-- (`messages` and `logs` may be null). Texts are kept while somebody follows. Gives how many were
-- accepted, and whether somebody follows. The leases are locked, so that the job does not end
-- meanwhile and leave a row behind.
CREATE FUNCTION mh_note(
    leases bigint[], seqs bigint[], progress real[], messages text[], logs text[],
    OUT accepted int, OUT followed boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET jit = off SET enable_seqscan = off AS $$
DECLARE
    noted record;
BEGIN
    followed := mh_followed();
    PERFORM FROM lease l WHERE l.id = ANY (leases) ORDER BY l.id FOR SHARE;
    SELECT count(*) AS n, array_agg(l.worker ORDER BY u.n) AS workers,
        array_agg(u.seq ORDER BY u.n) AS seqs, array_agg(h.attempt ORDER BY u.n) AS attempts,
        array_agg(u.value ORDER BY u.n) AS progress, array_agg(u.message ORDER BY u.n) AS messages,
        array_agg(u.log ORDER BY u.n) AS logs
    INTO noted
    FROM unnest(leases, mh_note.seqs, mh_note.progress, mh_note.messages, mh_note.logs)
            WITH ORDINALITY u (lease, seq, value, message, log, n)
        JOIN lease l ON l.id = u.lease,
        LATERAL (SELECT a.attempt FROM unnest(l.seqs, l.attempts) a (seq, attempt)
                 WHERE a.seq = u.seq) h;
    accepted := noted.n;
    INSERT INTO progress AS p (seq, value)
    SELECT DISTINCT ON (u.seq) u.seq, u.value
    FROM unnest(noted.seqs, noted.progress) WITH ORDINALITY u (seq, value, n)
    WHERE u.value BETWEEN 0 AND 1
    ORDER BY u.seq, u.n DESC
    ON CONFLICT (seq) DO UPDATE SET value = excluded.value;
    IF followed AND accepted > 0 THEN
        PERFORM mh_tell_notes(noted.workers, noted.seqs, noted.attempts, noted.progress,
                              noted.messages, noted.logs);
    END IF;
END
$$;
