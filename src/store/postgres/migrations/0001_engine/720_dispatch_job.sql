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

-- One job, by plain statements: half the cost of the same through arrays. Gives its id, or that of
-- the unfinished job that holds its unique key. Locks as mh_dispatch. A priority null: the plan's.
CREATE FUNCTION mh_dispatch_one(
    job_id uuid, owner_id uuid, type_name text, body jsonb, wanted_priority int, most int,
    due timestamptz, key text, correlation text)
    RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    plan   text;
    lane   int;
    seq    bigint;
    holder bigint;
    large  boolean;
BEGIN
    PERFORM mh_check_tenants(ARRAY[owner_id]);
    large := mh_check_jobs(1, ARRAY[type_name], ARRAY[body], ARRAY[most], ARRAY[key],
                           ARRAY[correlation]);
    PERFORM mh_check_size('payload', ARRAY[body], s.max_payload_bytes) FROM setting s;
    SELECT t.plan INTO plan FROM tenant t WHERE t.id = owner_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING MESSAGE = 'tenant_id: no such tenant';
    END IF;
    lane := mh_lane(type_name, coalesce(wanted_priority, mh_plan_priority(plan)));
    PERFORM mh_enter();
    seq := nextval('pos');
    IF key IS NOT NULL THEN
        holder := (mh_hold_keys(ARRAY[owner_id], ARRAY[key], ARRAY[seq]))[1];
        IF holder <> seq THEN
            RETURN (SELECT j.id FROM job j WHERE j.seq = holder);
        END IF;
    END IF;
    INSERT INTO job (seq, created_at, run_at, id, tenant_id, lane, max_attempts, unique_key,
                     correlation_id, payload)
    VALUES (seq, moment, due, job_id, owner_id, lane, coalesce(most, 3), key, correlation, body);
    IF due > moment THEN
        INSERT INTO scheduled (seq, run_at, lane, special)
        VALUES (seq, due, lane, key IS NOT NULL OR large);
    ELSE
        INSERT INTO ready (pos, seq, lane, special)
        VALUES (seq, seq, lane, key IS NOT NULL OR large);
    END IF;
    PERFORM mh_wake();
    RETURN job_id;
END
$$;

CREATE FUNCTION dispatch_job(
    tenant_id uuid, type text, payload jsonb DEFAULT '{}', priority int DEFAULT NULL,
    run_at timestamptz DEFAULT now(), max_attempts int DEFAULT 3, unique_key text DEFAULT NULL,
    correlation_id text DEFAULT NULL)
    RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
BEGIN
    RETURN mh_dispatch_one(mh_uuid_v7(), tenant_id, type, payload, priority, max_attempts,
                           nullif(run_at, now()), unique_key, correlation_id);
END
$$;

-- Many jobs of one tenant at once; the arrays after the first two may be null. Gives the ids in the
-- order given, that of the standing job where a unique key is taken. The clock is read once.
CREATE FUNCTION dispatch_jobs(
    tenant_id uuid, types text[], payloads jsonb[], priorities int[] DEFAULT NULL,
    run_ats timestamptz[] DEFAULT NULL, max_attempts int[] DEFAULT NULL,
    unique_keys text[] DEFAULT NULL, correlation_ids text[] DEFAULT NULL)
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
    PERFORM mh_check_size('payload', payloads, s.max_payload_bytes) FROM setting s;
    FOR held IN
        SELECT * FROM mh_dispatch_many(ids, array_fill(dispatch_jobs.tenant_id, ARRAY[n]), types,
            payloads, priorities, max_attempts, NULL, run_ats, unique_keys, correlation_ids, 1)
    LOOP
        ids[held.ordinal] := held.id;
    END LOOP;
    RETURN QUERY SELECT unnest(ids);
END
$$;
