-- Dispatches ordinary jobs of one lane, due at once and without keys: most calls bring no others.
-- For them no array of lanes, holders or due times is made and taken apart, which is half of what a
-- call of few costs. False: nothing was done, for something is out of the ordinary (a first job of
-- its lane, a large payload, wrong input) and left to mh_dispatch_many.
--
-- Part of the caller's transaction, with its locks. What all have in common is given once.
CREATE FUNCTION mh_dispatch_alike(
    ids uuid[], owner_id uuid, type_name text, payloads jsonb[], wanted_priority int, most int,
    correlation_ids text[], traceparents text[])
    RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    moment   timestamptz := clock_timestamp();
    n        int := cardinality(ids);
    job_lane int;
    seqs     bigint[]; -- null: not ordinary
BEGIN
    IF correlation_ids IS NOT NULL OR traceparents IS NOT NULL THEN
        IF (cardinality(correlation_ids) = n AND NOT EXISTS (
                SELECT FROM unnest(correlation_ids) u (id) WHERE NOT mh_is_correlation_id(u.id)))
                IS FALSE
            OR (cardinality(traceparents) = n AND NOT EXISTS (
                SELECT FROM unnest(traceparents) u (given) WHERE NOT mh_is_traceparent(u.given)))
                IS FALSE
        THEN
            RETURN false;
        END IF;
    END IF;
    IF (mh_unbound() OR mh_my_tenant() = owner_id)
        AND coalesce(most, 1) BETWEEN 1 AND 1000
        AND mh_max_payload() >= 32768
        AND cardinality(payloads) = n
        AND mh_are_plain(payloads)
    THEN
        SELECT l.id, CASE WHEN mh_enter() THEN ARRAY(
            SELECT g.seq FROM (SELECT nextval('pos') AS seq, generate_series(1, n)) g) END
        INTO job_lane, seqs
        FROM tenant t
        JOIN lane l ON l.type = type_name
            AND l.priority = coalesce(wanted_priority, mh_plan_priority(t.plan))
        WHERE t.id = owner_id
        FOR KEY SHARE OF t;
    END IF;
    IF seqs IS NULL THEN
        RETURN false;
    END IF;

    INSERT INTO job (seq, created_at, id, tenant_id, lane, max_attempts, correlation_id,
                     traceparent, payload)
    SELECT unnest(seqs), moment, unnest(ids), owner_id, job_lane, coalesce(most, 3),
        unnest(correlation_ids), unnest(traceparents), unnest(payloads);
    IF seqs[1] & -64 = seqs[n] & -64 THEN
        INSERT INTO ready (pos, seq, more, lane, special)
        VALUES (seqs[1], seqs[1], nullif(seqs[2:], '{}'), job_lane, false);
    ELSE
        PERFORM mh_make_ready(seqs, job_lane, false, 64);
    END IF;
    IF mh_followed() THEN
        PERFORM mh_tell(0, NULL, seqs, NULL);
    END IF;
    PERFORM mh_wake();
    RETURN true;
END
$$;
