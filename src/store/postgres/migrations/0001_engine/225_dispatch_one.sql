-- As mh_dispatch_many, for one job. Gives its id, or that of the unfinished job that holds its
-- unique key. `strict`: the payload is held to the limit itself, see mh_check_jobs.
--
-- What one job costs are statements, and expressions a tenth as much, each of which every
-- transaction begins anew, not rows: so an ordinary job has two statements. What is out of the
-- ordinary (a first job of its lane, a large payload, a key that is taken, wrong input) is left to
-- mh_dispatch_many.
CREATE FUNCTION mh_dispatch_one(
    job_id uuid, owner_id uuid, type_name text, body jsonb, wanted_priority int, most int,
    delay_ms bigint, due timestamptz, key text, correlation text, trace text, strict boolean)
    RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    job_lane int;
    job_seq  bigint; -- null: not an ordinary job
BEGIN
    IF (mh_unbound() OR mh_my_tenant() = owner_id)
        AND jsonb_typeof(body) = 'object' AND pg_column_size(body) <= 4096
        AND mh_max_payload() >= 32768
        AND coalesce(most, 1) BETWEEN 1 AND 1000
        AND (key IS NULL AND correlation IS NULL AND trace IS NULL
             OR mh_are_names(key, correlation, trace))
    THEN
        SELECT l.id, CASE WHEN mh_enter() THEN nextval('pos') END INTO job_lane, job_seq
        FROM tenant t
        JOIN lane l ON l.type = type_name
            AND l.priority = coalesce(wanted_priority, mh_plan_priority(t.plan))
        WHERE t.id = owner_id
        FOR KEY SHARE OF t;
    END IF;
    IF job_seq IS NOT NULL AND key IS NULL AND due IS NULL AND coalesce(delay_ms, 0) = 0 THEN
        WITH made AS (
            INSERT INTO job (seq, created_at, id, tenant_id, lane, max_attempts, correlation_id,
                             traceparent, payload)
            VALUES (job_seq, clock_timestamp(), job_id, owner_id, job_lane, coalesce(most, 3),
                    correlation, trace, body))
        INSERT INTO ready (pos, seq, lane) VALUES (job_seq, job_seq, job_lane);
    ELSIF job_seq IS NULL
        OR NOT mh_dispatch_special(job_seq, job_lane, job_id, owner_id, body, most, delay_ms, due,
                                   key, correlation, trace)
    THEN
        RETURN mh_dispatch_odd(job_id, owner_id, type_name, body, wanted_priority, most, delay_ms,
                               due, key, correlation, trace, strict);
    END IF;
    IF mh_followed() THEN
        PERFORM mh_tell(0, NULL, ARRAY[job_seq], NULL);
    END IF;
    IF NOT mh_unlocked('worker') THEN
        PERFORM pg_notify('millhand_new_job', '');
    END IF;
    RETURN job_id;
END
$$;

-- The rest of mh_dispatch_one for a job with a unique key, or due at some time, which may have
-- passed. False where the key is taken: nothing was done.
CREATE FUNCTION mh_dispatch_special(
    job_seq bigint, job_lane int, job_id uuid, owner_id uuid, body jsonb, most int,
    delay_ms bigint, due timestamptz, key text, correlation text, trace text)
    RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF key IS NOT NULL THEN
        INSERT INTO open_key (tenant_id, key, seq)
        VALUES (owner_id, mh_dispatch_special.key, job_seq)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END IF;
    due := coalesce(due, moment + nullif(delay_ms, 0) * interval '1 ms');
    INSERT INTO job (seq, created_at, run_at, id, tenant_id, lane, max_attempts, unique_key,
                     correlation_id, traceparent, payload)
    VALUES (job_seq, moment, due, job_id, owner_id, job_lane, coalesce(most, 3), key, correlation,
            trace, body);
    IF due > moment THEN
        INSERT INTO scheduled (seq, run_at, lane, special)
        VALUES (job_seq, due, job_lane, key IS NOT NULL);
    ELSE
        INSERT INTO ready (pos, seq, lane, special)
        VALUES (job_seq, job_seq, job_lane, key IS NOT NULL);
    END IF;
    RETURN true;
END
$$;

-- True where those that are not null may name a job.
CREATE FUNCTION mh_are_names(key text, correlation text, trace text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN coalesce(octet_length(key), 1) BETWEEN 1 AND 200
        AND (correlation IS NULL OR mh_is_correlation_id(correlation))
        AND (trace IS NULL OR mh_is_traceparent(trace));
END
$$;

-- One job by way of mh_dispatch_many.
CREATE FUNCTION mh_dispatch_odd(
    job_id uuid, owner_id uuid, type_name text, body jsonb, wanted_priority int, most int,
    delay_ms bigint, due timestamptz, key text, correlation text, trace text, strict boolean)
    RETURNS uuid
    LANGUAGE plpgsql AS $$
BEGIN
    IF strict THEN
        PERFORM mh_check_size('payload', ARRAY[body], mh_max_payload());
    END IF;
    RETURN coalesce((
        SELECT m.id
        FROM mh_dispatch_many(
            ARRAY[job_id], ARRAY[owner_id], ARRAY[type_name], ARRAY[body], ARRAY[wanted_priority],
            CASE WHEN most IS NOT NULL THEN ARRAY[most] END, ARRAY[delay_ms], ARRAY[due],
            CASE WHEN key IS NOT NULL THEN ARRAY[key] END,
            CASE WHEN correlation IS NOT NULL THEN ARRAY[correlation] END,
            CASE WHEN trace IS NOT NULL THEN ARRAY[trace] END, 1) m), job_id);
END
$$;

-- Dispatching one job for the program: as mh_dispatch, but without arrays that would be made and
-- taken apart again. Gives the id of the job, or of the unfinished one that holds its unique key.
CREATE FUNCTION mh_dispatch_single(
    job_id uuid, owner_id uuid, type_name text, body jsonb, priority int, max_attempts int,
    delay_ms bigint, run_at timestamptz, unique_key text, correlation_id text, traceparent text)
    RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
BEGIN
    RETURN mh_dispatch_one(job_id, owner_id, type_name, body, priority, max_attempts, delay_ms,
                           run_at, unique_key, correlation_id, traceparent, false);
END
$$;
