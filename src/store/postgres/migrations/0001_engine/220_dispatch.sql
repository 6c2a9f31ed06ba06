-- Dispatching for the program: ids are given, arrays of one length, all or none; a tenant or a type
-- that all have may be given once. From `priorities` on an array may be null, and so may its
-- elements. Gives the standing ones only: which of the jobs given (from 1), and the id of the
-- unfinished job that holds its unique key.
--
-- Part of the caller's transaction. Locks the tenants against deletion (key share), the unique
-- keys, and what mh_enter says; one insert into each of `job`, `ready` and `scheduled`.
CREATE FUNCTION mh_dispatch(
    ids uuid[], tenants uuid[], types text[], payloads jsonb[],
    priorities int[], max_attempts int[], delays_ms bigint[], run_ats timestamptz[],
    unique_keys text[], correlation_ids text[], traceparents text[])
    RETURNS TABLE (ordinal int, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
BEGIN
    IF tenants[1] = ALL (tenants) AND types[1] = ALL (types)
        AND (priorities IS NULL OR priorities[1] = ALL (priorities))
        AND (max_attempts IS NULL OR max_attempts[1] = ALL (max_attempts))
        AND unique_keys IS NULL AND delays_ms IS NULL AND run_ats IS NULL
    THEN
        IF mh_dispatch_alike(ids, tenants[1], types[1], payloads, priorities[1], max_attempts[1],
                             correlation_ids, traceparents) THEN
            RETURN;
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM mh_dispatch_many(ids, tenants, types, payloads, priorities,
        max_attempts, delays_ms, run_ats, unique_keys, correlation_ids, traceparents, 64);
END
$$;

-- As mh_dispatch. A row of `ready` stands for up to `chunk` jobs, a power of two up to 64. Who
-- claims in a long transaction holds the whole row until its end, so what SQL clients dispatch has
-- 1.
CREATE FUNCTION mh_dispatch_many(
    ids uuid[], tenants uuid[], types text[], payloads jsonb[],
    priorities int[], max_attempts int[], delays_ms bigint[], run_ats timestamptz[],
    unique_keys text[], correlation_ids text[], traceparents text[], chunk int)
    RETURNS TABLE (ordinal int, id uuid)
    LANGUAGE plpgsql AS $$
DECLARE
    moment  timestamptz := clock_timestamp();
    n       int := cardinality(ids);
    lanes   int[]; -- one for all, or one for each
    seqs    bigint[];
    holders bigint[]; -- who holds the key of each: itself, another, or null where there is no key
    dues    timestamptz[]; -- null: at once
    large   boolean;
BEGIN
    IF n = 0 THEN
        RETURN;
    END IF;
    PERFORM mh_check_tenants(tenants);
    large := mh_check_jobs(n, tenants, types, payloads, priorities, max_attempts, unique_keys,
                           correlation_ids, traceparents);
    lanes := mh_lanes(types, mh_hold_tenants(tenants, priorities));
    PERFORM mh_enter();
    seqs := ARRAY(SELECT g.seq FROM (SELECT nextval('pos') AS seq, generate_series(1, n)) g);
    IF unique_keys IS NOT NULL THEN
        holders := mh_hold_keys(tenants, unique_keys, seqs);
    END IF;
    IF delays_ms IS NOT NULL OR run_ats IS NOT NULL THEN
        dues := mh_due(delays_ms, run_ats, moment);
    END IF;

    -- Set-returning functions in the target list go on in step and copy nothing, as they do in
    -- FROM; those that have no more give null.
    INSERT INTO job (seq, created_at, run_at, id, tenant_id, lane, max_attempts, unique_key,
                     correlation_id, traceparent, payload)
    SELECT u.seq, moment, u.due, u.id, coalesce(u.tenant_id, tenants[1]),
        coalesce(u.lane, lanes[1]), coalesce(u.most, 3), u.key,
        u.correlation_id, u.traceparent, u.payload
    FROM (SELECT unnest(seqs) AS seq, unnest(holders) AS holder, unnest(dues) AS due,
              unnest(ids) AS id, unnest(tenants) AS tenant_id, unnest(lanes) AS lane,
              unnest(max_attempts) AS most, unnest(unique_keys) AS key,
              unnest(correlation_ids) AS correlation_id,
              unnest(traceparents) AS traceparent, unnest(payloads) AS payload) u
    WHERE u.holder IS NULL OR u.holder = u.seq;

    IF cardinality(lanes) = 1 AND holders IS NULL AND dues IS NULL THEN
        PERFORM mh_make_ready(seqs, lanes[1], large, chunk);
    ELSE
        INSERT INTO ready (pos, seq, more, lane, special)
        SELECT c.seqs[1], c.seqs[1], nullif(c.seqs[2:], '{}'), coalesce(c.lane, lanes[1]),
            c.keyed OR large
        FROM (SELECT u.lane, u.holder IS NOT NULL AS keyed, array_agg(u.seq ORDER BY u.seq) AS seqs
              FROM (SELECT unnest(seqs) AS seq, unnest(holders) AS holder, unnest(dues) AS due,
                        unnest(lanes) AS lane) u
              WHERE (u.holder IS NULL OR u.holder = u.seq) AND (u.due IS NULL OR u.due <= moment)
              GROUP BY u.lane, u.holder IS NOT NULL, u.seq & -chunk) c;
    END IF;
    IF dues IS NOT NULL THEN
        INSERT INTO scheduled (seq, run_at, lane, special)
        SELECT u.seq, u.due, coalesce(u.lane, lanes[1]), u.holder IS NOT NULL OR large
        FROM (SELECT unnest(seqs) AS seq, unnest(holders) AS holder, unnest(dues) AS due,
                  unnest(lanes) AS lane) u
        WHERE (u.holder IS NULL OR u.holder = u.seq) AND u.due > moment;
    END IF;
    IF mh_followed() THEN
        PERFORM mh_tell(0, NULL, CASE WHEN holders IS NULL THEN seqs ELSE ARRAY(
            SELECT u.seq FROM unnest(seqs, holders) WITH ORDINALITY u (seq, holder, n)
            WHERE u.holder IS NULL OR u.holder = u.seq ORDER BY u.n) END, NULL);
    END IF;
    PERFORM mh_wake();
    IF holders <> seqs THEN
        RETURN QUERY
            SELECT u.n::int, j.id
            FROM unnest(seqs, holders) WITH ORDINALITY u (seq, holder, n)
            JOIN job j ON j.seq = u.holder
            WHERE u.holder <> u.seq
            ORDER BY u.n;
    END IF;
END
$$;

-- Makes fresh jobs of one lane ready, in chunks of up to `chunk`. Nearly always their seqs follow
-- each other, so that what belongs to a chunk is known without a look at each.
CREATE FUNCTION mh_make_ready(seqs bigint[], job_lane int, special boolean, chunk int)
    RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    n int := cardinality(seqs);
BEGIN
    IF seqs[n] - seqs[1] = n - 1 THEN
        INSERT INTO ready (pos, seq, more, lane, special)
        SELECT seqs[c.first], seqs[c.first], nullif(seqs[c.first + 1:c.last], '{}'), job_lane,
            mh_make_ready.special
        FROM (SELECT greatest(b.pos - seqs[1] + 1, 1)::int AS first,
                  (b.pos - seqs[1] + chunk)::int AS last
              FROM generate_series(seqs[1] & -chunk, seqs[n], chunk) b (pos)) c;
    ELSE
        INSERT INTO ready (pos, seq, more, lane, special)
        SELECT c.seqs[1], c.seqs[1], nullif(c.seqs[2:], '{}'), job_lane, mh_make_ready.special
        FROM (SELECT array_agg(u.seq ORDER BY u.seq) AS seqs
              FROM (SELECT unnest(mh_make_ready.seqs) AS seq) u
              GROUP BY u.seq & -chunk) c;
    END IF;
END
$$;

-- When each job becomes due, null: at once. At the time given, else so long from the moment.
CREATE FUNCTION mh_due(delays_ms bigint[], run_ats timestamptz[], moment timestamptz)
    RETURNS timestamptz[]
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN ARRAY(
        SELECT coalesce(u.run_at, moment + nullif(u.delay_ms, 0) * interval '1 ms')
        FROM unnest(run_ats, delays_ms) WITH ORDINALITY u (run_at, delay_ms, n)
        ORDER BY u.n);
END
$$;

-- Takes each key that is free for the job with this seq, and gives the seq of who holds it then;
-- null for a job without one. Keys are taken in their order, so that two calls never wait for each
-- other. A holder that ends between our try and our look is gone: we try once more.
CREATE FUNCTION mh_hold_keys(tenants uuid[], unique_keys text[], seqs bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql AS $$
DECLARE
    holders bigint[];
    missing boolean;
BEGIN
    LOOP
        INSERT INTO open_key (tenant_id, key, seq)
        SELECT DISTINCT ON (u.tenant_id, u.key) u.tenant_id, u.key, u.seq
        FROM (SELECT coalesce(g.tenant_id, tenants[1]) AS tenant_id, g.key, g.seq
              FROM unnest(tenants, unique_keys, seqs) g (tenant_id, key, seq)) u
        WHERE u.key IS NOT NULL
        ORDER BY u.tenant_id, u.key, u.seq
        ON CONFLICT DO NOTHING;

        SELECT array_agg(k.seq ORDER BY u.n), bool_or(u.key IS NOT NULL AND k.seq IS NULL)
        INTO holders, missing
        FROM unnest(tenants, unique_keys) WITH ORDINALITY u (tenant_id, key, n)
        LEFT JOIN open_key k
            ON k.tenant_id = coalesce(u.tenant_id, tenants[1]) AND k.key = u.key;
        IF NOT missing THEN
            RETURN holders;
        END IF;
    END LOOP;
END
$$;

-- Frees the keys of jobs that ended.
CREATE FUNCTION mh_drop_keys(seqs bigint[]) RETURNS void
    LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    DELETE FROM open_key k
    USING job j
    WHERE j.seq = ANY (seqs) AND j.unique_key IS NOT NULL
        AND k.tenant_id = j.tenant_id AND k.key = j.unique_key AND k.seq = j.seq;
END
$$;

-- It goes into log lines and environments. Null for null.
CREATE FUNCTION mh_is_correlation_id(id text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT octet_length(id) BETWEEN 1 AND 200
        AND id COLLATE "C" !~ '[\u0001-\u001f\u007f-\u009f]'
$$;

-- As mh_traceparent_valid of the program. Null for null.
CREATE FUNCTION mh_is_traceparent(given text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT octet_length(given) BETWEEN 55 AND 512
        AND (octet_length(given) = 55 OR left(given, 2) <> '00')
        AND given COLLATE "C" ~ ('^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}'
                                 '-[0-9a-f]{2}(-[!-~]*)?$')
$$;

-- True where all are objects and none is large, see mh_check_jobs.
CREATE FUNCTION mh_are_plain(payloads jsonb[]) RETURNS boolean
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM (SELECT unnest(payloads) AS payload) u
        WHERE (jsonb_typeof(u.payload) = 'object' AND pg_column_size(u.payload) <= 8192)
            IS NOT TRUE);
END
$$;

-- Refuses what is not a job. True where a payload is large: of more than 64 KiB when printed, or
-- not much less (printed it is at most eight times as large as inside). What jsonb prints has
-- blanks that the text it came from need not have had, so the program, which has weighed that text,
-- is held to twice the limit only; the contract's functions to the limit itself.
CREATE FUNCTION mh_check_jobs(n int, tenants uuid[], types text[], payloads jsonb[],
                              priorities int[], max_attempts int[], unique_keys text[],
                              correlation_ids text[], traceparents text[])
    RETURNS boolean
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    plain boolean := mh_are_plain(payloads);
    wrong text;
BEGIN
    wrong := CASE
        WHEN cardinality(tenants) NOT IN (1, n) OR cardinality(types) NOT IN (1, n)
            OR cardinality(payloads) <> n OR cardinality(priorities) <> n
            OR cardinality(max_attempts) <> n OR cardinality(unique_keys) <> n
            OR cardinality(correlation_ids) <> n OR cardinality(traceparents) <> n
            THEN 'arrays: expected one length'
        WHEN array_position(types, NULL) IS NOT NULL THEN 'type: is required'
        WHEN NOT plain AND EXISTS (
            SELECT FROM unnest(payloads) u (payload)
            WHERE jsonb_typeof(u.payload) IS DISTINCT FROM 'object')
            THEN 'payload: expected a JSON object'
        WHEN max_attempts IS NOT NULL AND EXISTS (
            SELECT FROM unnest(max_attempts) u (most) WHERE u.most NOT BETWEEN 1 AND 1000)
            THEN 'max_attempts: expected 1 to 1000'
        WHEN unique_keys IS NOT NULL AND EXISTS (
            SELECT FROM unnest(unique_keys) u (key)
            WHERE octet_length(u.key) NOT BETWEEN 1 AND 200)
            THEN 'unique_key: expected 1 to 200 bytes'
        WHEN correlation_ids IS NOT NULL AND EXISTS (
            SELECT FROM unnest(correlation_ids) u (id)
            WHERE NOT mh_is_correlation_id(u.id))
            THEN 'correlation_id: expected 1 to 200 bytes without control characters'
        WHEN traceparents IS NOT NULL AND EXISTS (
            SELECT FROM unnest(traceparents) u (given)
            WHERE NOT mh_is_traceparent(u.given))
            THEN 'traceparent: expected one of W3C Trace Context'
        END;
    IF wrong IS NOT NULL THEN
        RAISE invalid_parameter_value USING MESSAGE = wrong;
    END IF;
    IF NOT plain OR mh_max_payload() < 32768 THEN
        PERFORM mh_check_size('payload', payloads, 2 * mh_max_payload());
    END IF;
    RETURN NOT plain;
END
$$;

-- Refuses a JSON value that is larger than this when printed. Printed it is at most eight times as
-- large as inside (all characters escaped), so that small ones need not be printed to know.
CREATE FUNCTION mh_check_size(field text, bodies jsonb[], most bigint) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF pg_column_size(bodies) <= most / 8 THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM unnest(bodies) u (body)
               WHERE pg_column_size(u.body) > most / 8 AND octet_length(u.body::text) > most) THEN
        RAISE program_limit_exceeded USING
            MESSAGE = format('%s: larger than the limit of this store', field);
    END IF;
END
$$;
