-- As mh_dispatch_many, for one job. Gives its id, or that of the unfinished job that holds its
-- unique key. `strict`: the payload is held to the limit itself, see mh_check_jobs.
--
-- What one job costs are statements, each of which every transaction begins anew, not rows: so an
-- ordinary job has four. What is out of the ordinary (a first job of its lane, a large payload, a
-- key that is taken, wrong input) is left to mh_dispatch_many.
CREATE FUNCTION mh_dispatch_one(
    job_id uuid, owner_id uuid, type_name text, body jsonb, wanted_priority int, most int,
    delay_ms bigint, due timestamptz, key text, correlation text, trace text, strict boolean)
    RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    moment   timestamptz := clock_timestamp();
    ordinary boolean := (mh_unbound() OR mh_my_tenant() = owner_id)
        AND jsonb_typeof(body) = 'object' AND pg_column_size(body) <= 4096
        AND coalesce(most, 1) BETWEEN 1 AND 1000
        AND coalesce(octet_length(key), 1) BETWEEN 1 AND 200
        AND (correlation IS NULL OR mh_is_correlation_id(correlation))
        AND (trace IS NULL OR mh_is_traceparent(trace));
    plan     text;
    job_lane int;
    job_seq  bigint;
BEGIN
    IF ordinary THEN
        SELECT t.plan INTO plan FROM tenant t
        WHERE t.id = owner_id AND (SELECT s.max_payload_bytes >= 32768 FROM setting s)
        FOR KEY SHARE;
        SELECT l.id INTO job_lane FROM lane l
        WHERE FOUND AND l.type = type_name
            AND l.priority = coalesce(wanted_priority, mh_plan_priority(plan));
        ordinary := FOUND;
    END IF;
    IF ordinary THEN
        job_seq := CASE WHEN mh_enter() THEN nextval('pos') END;
        IF key IS NOT NULL THEN
            INSERT INTO open_key (tenant_id, key, seq)
            VALUES (owner_id, mh_dispatch_one.key, job_seq)
            ON CONFLICT DO NOTHING;
            ordinary := FOUND;
        END IF;
    END IF;
    IF ordinary IS NOT TRUE THEN
        RETURN mh_dispatch_odd(job_id, owner_id, type_name, body, wanted_priority, most, delay_ms,
                               due, key, correlation, trace, strict);
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
    IF mh_followed() THEN
        PERFORM mh_tell(0, NULL, ARRAY[job_seq], NULL);
    END IF;
    IF NOT mh_unlocked('worker') THEN
        PERFORM pg_notify('millhand_new_job', '');
    END IF;
    RETURN job_id;
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
        PERFORM mh_check_size('payload', ARRAY[body], s.max_payload_bytes) FROM setting s;
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
