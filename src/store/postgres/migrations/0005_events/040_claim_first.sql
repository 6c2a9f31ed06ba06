-- Stands between so that PL/pgSQL is loaded only where mh_claim is called.
CREATE FUNCTION mh_claim_long(of_worker int, max_jobs int, want_types text[], cursor bigint[])
    RETURNS TABLE (
        lease bigint, next_cursor bigint[], next_due_ms bigint, running bigint,
        started_at timestamptz, seq bigint, id uuid, tenant_id uuid, type text, priority int,
        payload jsonb, error text, attempts int, max_attempts int, run_at timestamptz,
        unique_key text, correlation_id text, traceparent text, created_at timestamptz)
    LANGUAGE sql AS $$
    SELECT * FROM mh_claim(of_worker, max_jobs, want_types, cursor)
$$;

-- mh_claim for the first claim of a session. There it is new to the backend what the words of a
-- statement mean, and to find out is the most of what it costs. So this body is kept as what they
-- mean (BEGIN ATOMIC), and is one statement. It takes the one job there is (of a worker that wants
-- one: the first), as the short way of mh_claim does; what else it meets is left to mh_claim.
--
-- It is here and not beside mh_claim because the body is bound to `followed` when it is made.
--
-- Walks lane_type_priority_key, and for each lane one step of scheduled_due and of the primary key
-- of `ready`; one search by primary key in `job`. Locks the row of `ready`.
CREATE FUNCTION mh_claim_first(of_worker int, max_jobs int, want_types text[], cursor bigint[])
    RETURNS TABLE (
        lease bigint, next_cursor bigint[], next_due_ms bigint, running bigint,
        started_at timestamptz, seq bigint, id uuid, tenant_id uuid, type text, priority int,
        payload jsonb, error text, attempts int, max_attempts int, run_at timestamptz,
        unique_key text, correlation_id text, traceparent text, created_at timestamptz)
    LANGUAGE sql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
    SET enable_mergejoin = off
BEGIN ATOMIC
    WITH served AS MATERIALIZED (
        SELECT l.id, l.type, l.priority, l.low FROM lane l WHERE l.type = ANY (want_types)
    ), seen AS MATERIALIZED (
        SELECT r.tid, w.lease_ms, l.type, l.priority, j.*
        FROM worker w, served l,
            LATERAL (SELECT q.ctid AS tid, q.pos, q.seq FROM ready q
                     WHERE q.lane = l.id AND q.pos > l.low
                     ORDER BY q.pos LIMIT least(max_jobs, 2)) r,
            job j
        WHERE w.number = of_worker AND w.gone_at IS NULL AND j.seq = r.seq
        ORDER BY l.priority DESC, r.pos LIMIT least(max_jobs, 2)
    ), mine AS (
        DELETE FROM ready r
        WHERE (SELECT count(*) FROM seen) = 1
            AND coalesce(pg_sequence_last_value('followed')
                         < date_part('epoch', statement_timestamp()), true)
            AND NOT EXISTS (SELECT FROM type t
                            WHERE (t.paused OR t.gated) AND t.name = ANY (want_types))
            AND NOT EXISTS (SELECT FROM served l, scheduled c
                            WHERE c.lane = l.id AND c.grp IS NULL
                                AND c.run_at <= statement_timestamp())
            AND r.ctid = ANY (ARRAY(
                SELECT q.ctid FROM seen s, ready q
                WHERE q.ctid = s.tid AND q.more IS NULL AND q.attempt = 0
                    AND s.touched IS NOT TRUE
                FOR UPDATE OF q SKIP LOCKED))
        RETURNING r.seq, r.lane, r.special
    ), held AS (
        INSERT INTO lease (claimed_at, lease_ms, worker, special, seqs, lanes, attempts)
        SELECT statement_timestamp(), s.lease_ms, of_worker, m.special,
            ARRAY[m.seq], ARRAY[m.lane], ARRAY[1]
        FROM mine m, seen s
        RETURNING id, claimed_at
    )
    SELECT h.id, NULL::bigint[], 0::bigint, NULL::bigint, h.claimed_at, -- 0: perhaps there is more
        NULL::bigint, NULL::uuid, NULL::uuid, NULL::text, NULL::int, NULL::jsonb, NULL::text,
        NULL::int, NULL::int, NULL::timestamptz, NULL::text, NULL::text, NULL::text,
        NULL::timestamptz
    FROM held h
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, s.seq, s.id, s.tenant_id, s.type, s.priority, s.payload,
        NULL, 1, s.max_attempts, coalesce(s.run_at, s.created_at), s.unique_key, s.correlation_id,
        s.traceparent, s.created_at
    FROM seen s, held h
    UNION ALL
    SELECT * FROM mh_claim_long(of_worker, max_jobs, want_types, cursor)
    WHERE NOT EXISTS (SELECT FROM held);
END;
