-- The target: jobs that are held.

-- Writes the jobs of `parcels`, a JSON array of records, each with its attempts, in one lease of
-- nobody. Gives for each, in the order given, 0 held, 1 the id is taken, 2 the unique key is taken
-- (by `holder`), 3 there is no such tenant. Locks the tenants against deletion, and the keys.
CREATE FUNCTION mh_move_hold(peer uuid, run uuid, parcels jsonb)
    RETURNS TABLE (what smallint, holder uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    parcel jsonb;
    answer record;
    held   bigint[] := '{}';
BEGIN
    PERFORM mh_move_check(peer, run);
    PERFORM mh_enter();
    FOR parcel IN SELECT e.value FROM jsonb_array_elements(parcels) WITH ORDINALITY e (value, n)
                  ORDER BY e.n LOOP
        answer := mh_move_hold_one(peer, parcel);
        what := answer.what;
        holder := answer.holder;
        IF what = 0 THEN
            held := held || answer.seq;
        END IF;
        RETURN NEXT;
    END LOOP;
    INSERT INTO lease (claimed_at, lease_ms, worker, special, seqs, lanes, attempts)
    SELECT clock_timestamp(), 1, 0, true, array_agg(j.seq), array_agg(0), array_agg(a.attempts)
    FROM job j JOIN arrival a ON a.seq = j.seq
    WHERE j.seq = ANY (held)
    HAVING held <> '{}';
END
$$;

CREATE FUNCTION mh_move_hold_one(peer uuid, parcel jsonb,
    OUT what smallint, OUT holder uuid, OUT seq bigint)
    LANGUAGE plpgsql AS $$
DECLARE
    job_id uuid := parcel ->> 'id';
    owner  uuid := parcel ->> 'tenant_id';
    key    text := parcel ->> 'unique_key';
    has    bigint;
BEGIN
    what := 1;
    IF EXISTS (SELECT FROM job j WHERE j.id = job_id) THEN
        RETURN;
    END IF;
    what := 3;
    PERFORM FROM tenant t WHERE t.id = owner FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    seq := nextval('pos');
    IF key IS NOT NULL AND parcel ->> 'status' = 'pending' THEN
        has := (mh_hold_keys(ARRAY[owner], ARRAY[key], ARRAY[seq]))[1];
        IF has <> seq THEN
            what := 2;
            holder := (SELECT j.id FROM job j WHERE j.seq = has);
            RETURN;
        END IF;
    END IF;
    what := 0;
    PERFORM mh_move_write(peer, parcel, seq);
END
$$;

-- The rows of a job, as they were where it came from. Its attempts get leases that no claim ever
-- has, in their order and before those of claims to come.
CREATE FUNCTION mh_move_write(peer uuid, parcel jsonb, job_seq bigint) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    created timestamptz := mh_move_time(parcel, 'created_at');
    past    jsonb := parcel -> 'attempt_history';
BEGIN
    INSERT INTO job (seq, created_at, run_at, id, tenant_id, lane, max_attempts, touched,
                     unique_key, correlation_id, traceparent, payload)
    VALUES (job_seq, created, nullif(mh_move_time(parcel, 'run_at'), created),
            (parcel ->> 'id')::uuid, (parcel ->> 'tenant_id')::uuid,
            mh_lane(parcel ->> 'type', (parcel ->> 'priority')::int),
            (parcel ->> 'max_attempts')::smallint, nullif(past <> '[]', false),
            parcel ->> 'unique_key', nullif(parcel ->> 'correlation_id', parcel ->> 'id'),
            parcel ->> 'traceparent', parcel -> 'payload');
    INSERT INTO arrival (seq, peer, status, attempts, retry, started_at, completed_at, worker,
                         result)
    VALUES (job_seq, mh_move_write.peer, (parcel ->> 'status')::job_status,
            (parcel ->> 'attempts')::smallint, parcel ->> 'next_retry_at' IS NOT NULL,
            mh_move_time(parcel, 'started_at'), mh_move_time(parcel, 'completed_at'),
            mh_move_worker(parcel ->> 'worker_id'), parcel -> 'result');
    INSERT INTO progress (seq, value)
    SELECT job_seq, (parcel ->> 'progress')::real WHERE parcel ->> 'progress' IS NOT NULL;
    INSERT INTO attempt (seq, lease, number, worker, started_at, ended_at, outcome, error, log)
    SELECT job_seq, e.n - jsonb_array_length(past) - 1, (e.value ->> 'number')::smallint,
        coalesce(mh_move_worker(e.value ->> 'worker_id'), 0),
        coalesce(mh_move_time(e.value, 'started_at'), mh_move_time(e.value, 'ended_at')),
        mh_move_time(e.value, 'ended_at'), e.value ->> 'outcome', e.value ->> 'error',
        e.value ->> 'log'
    FROM jsonb_array_elements(past) WITH ORDINALITY e (value, n);
END
$$;

-- A time of a parcel, which is in milliseconds, exactly.
CREATE FUNCTION mh_move_time(fields jsonb, name text) RETURNS timestamptz
    LANGUAGE sql STABLE AS $$
    SELECT timestamptz 'epoch' + (fields ->> name)::bigint * interval '1 ms'
$$;

-- A worker of this name: one that was here, or else one that never is.
CREATE FUNCTION mh_move_worker(worker_name text) RETURNS int
    LANGUAGE plpgsql AS $$
DECLARE
    found_number int;
BEGIN
    IF worker_name IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT w.number INTO found_number FROM worker w
    WHERE w.name = worker_name ORDER BY w.number LIMIT 1;
    IF NOT FOUND THEN
        INSERT INTO worker (name, started_at, beat_at, gone_at, lease_ms)
        SELECT worker_name, m.moment, m.moment, m.moment, 1
        FROM (SELECT clock_timestamp() AS moment) m
        RETURNING number INTO found_number;
    END IF;
    RETURN found_number;
END
$$;
