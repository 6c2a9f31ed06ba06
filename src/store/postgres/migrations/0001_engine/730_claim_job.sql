-- The number of the live worker that SQL clients call by this name, made where there is none.
CREATE FUNCTION mh_worker_by_name(worker_name text, lease_ms bigint) RETURNS int
    LANGUAGE plpgsql AS $$
DECLARE
    found_number int;
BEGIN
    SELECT w.number INTO found_number FROM worker w
    WHERE w.name = worker_name AND w.gone_at IS NULL
    ORDER BY w.number DESC LIMIT 1;
    IF NOT FOUND THEN
        IF worker_name IS NULL OR octet_length(worker_name) NOT BETWEEN 1 AND 200 THEN
            RAISE invalid_parameter_value USING MESSAGE = 'worker_id: expected 1 to 200 bytes';
        END IF;
        IF lease_ms IS NULL OR lease_ms NOT BETWEEN 1 AND 315576000000 THEN
            RAISE invalid_parameter_value USING MESSAGE = 'lease: expected 1 ms to ten years';
        END IF;
        found_number := mh_join(worker_name, lease_ms, NULL);
    END IF;
    RETURN found_number;
END
$$;

-- Claims for a client in any language. The lease is as long as asked for; heartbeat prolongs it.
CREATE FUNCTION claim_jobs(
    worker_id text, max_jobs int, types text[] DEFAULT NULL, lease interval DEFAULT '30 seconds')
    RETURNS SETOF job_queue
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    length_ms bigint := extract(epoch FROM lease) * 1000;
    claimer   int := mh_worker_by_name(worker_id, length_ms);
    given     bigint;
    ids       uuid[];
BEGIN
    IF max_jobs IS NULL OR max_jobs NOT BETWEEN 1 AND 1000 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'max_jobs: expected 1 to 1000';
    END IF;
    SELECT max(c.lease), array_agg(c.id) FILTER (WHERE c.id IS NOT NULL) INTO given, ids
    FROM mh_claim(claimer, max_jobs, types, NULL) c;
    UPDATE lease l SET lease_ms = length_ms WHERE l.id = given AND l.lease_ms <> length_ms;
    RETURN QUERY
        SELECT q.* FROM unnest(ids) WITH ORDINALITY u (id, n) JOIN job_queue q ON q.id = u.id
        ORDER BY u.n;
END
$$;

CREATE FUNCTION claim_job(worker_id text, lease interval DEFAULT '30 seconds')
    RETURNS SETOF job_queue
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET jit = off AS $$
BEGIN
    RETURN QUERY SELECT * FROM claim_jobs(worker_id, 1, NULL, lease);
END
$$;

CREATE FUNCTION claim_next_job() RETURNS SETOF job_queue
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET jit = off AS $$
BEGIN
    RETURN QUERY SELECT * FROM claim_jobs('sql-' || mh_uuid_v7()::text, 1);
END
$$;

-- Prolongs the leases of all workers of this name; gives how many jobs they hold.
CREATE FUNCTION heartbeat(worker_id text) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    UPDATE worker w SET beat_at = clock_timestamp()
    WHERE w.name = heartbeat.worker_id AND w.gone_at IS NULL;
    RETURN (SELECT coalesce(sum(cardinality(l.seqs)), 0)
            FROM lease l JOIN worker w ON w.number = l.worker
            WHERE w.name = heartbeat.worker_id);
END
$$;
