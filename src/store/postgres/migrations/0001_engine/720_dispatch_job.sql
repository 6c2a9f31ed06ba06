-- A new id: the time in milliseconds, then chance (RFC 9562, version 7).
CREATE FUNCTION mh_uuid_v7() RETURNS uuid
    LANGUAGE sql VOLATILE AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                    PLACING substring(
                        int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6),
            52, 1), 53, 1),
        'hex')::uuid
$$;

CREATE FUNCTION dispatch_job(
    tenant_id uuid, type text, payload jsonb DEFAULT '{}', priority int DEFAULT NULL,
    run_at timestamptz DEFAULT now(), max_attempts int DEFAULT 3, unique_key text DEFAULT NULL,
    correlation_id text DEFAULT NULL, traceparent text DEFAULT NULL)
    RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
BEGIN
    RETURN mh_dispatch_one(mh_uuid_v7(), tenant_id, type, payload, priority, max_attempts, NULL,
                           nullif(run_at, now()), unique_key, correlation_id, traceparent, true);
END
$$;

-- Many jobs of one tenant at once; the arrays after the first two may be null. Gives the ids in the
-- order given, that of the standing job where a unique key is taken. The clock is read once.
CREATE FUNCTION dispatch_jobs(
    tenant_id uuid, types text[], payloads jsonb[], priorities int[] DEFAULT NULL,
    run_ats timestamptz[] DEFAULT NULL, max_attempts int[] DEFAULT NULL,
    unique_keys text[] DEFAULT NULL, correlation_ids text[] DEFAULT NULL,
    traceparents text[] DEFAULT NULL)
    RETURNS SETOF uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    n    int := cardinality(types);
    time text := lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0');
    ids  uuid[] := ARRAY(
        SELECT overlay(gen_random_uuid()::text
                       PLACING substr(time, 1, 8) || '-' || substr(time, 9) || '-7'
                       FROM 1 FOR 15)::uuid
        FROM generate_series(1, n));
    held record;
BEGIN
    IF n = 0 THEN
        RETURN;
    END IF;
    PERFORM mh_check_size('payload', payloads, mh_max_payload());
    FOR held IN
        SELECT * FROM mh_dispatch_many(ids, ARRAY[dispatch_jobs.tenant_id], types,
            payloads, priorities, max_attempts, NULL, run_ats, unique_keys, correlation_ids,
            traceparents, 1)
    LOOP
        ids[held.ordinal] := held.id;
    END LOOP;
    RETURN QUERY SELECT unnest(ids);
END
$$;
