-- Counts, as far as the asker may see them: of a tenant, or (null) of all. Who speaks for a tenant
-- gets its counts; who may count gets all.
CREATE FUNCTION mh_stats(want_tenant uuid)
    RETURNS TABLE (pending bigint, processing bigint, completed bigint, failed bigint,
                   cancelled bigint, oldest_pending_ms bigint, workers bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF NOT mh_sees_all() AND NOT mh_may('mh_count') THEN
        want_tenant := coalesce(want_tenant, mh_my_tenant());
        IF want_tenant IS NULL OR want_tenant IS DISTINCT FROM mh_my_tenant() THEN
            RAISE insufficient_privilege USING MESSAGE = 'not a tenant of yours';
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM mh_count(want_tenant);
END
$$;

-- How many jobs of a tenant (null: all) are in each status, the age of the oldest that is due
-- and pending (-1: none), and how many workers live. Those that ended from `tally`, with what
-- is not added up yet; pending and processing ones are counted, of one tenant with a search
-- in `job` for each.
CREATE FUNCTION mh_count(want_tenant uuid)
    RETURNS TABLE (pending bigint, processing bigint, completed bigint, failed bigint,
                   cancelled bigint, oldest_pending_ms bigint, workers bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    oldest timestamptz := mh_oldest_pending(want_tenant);
BEGIN
    IF want_tenant IS NULL THEN
        pending := (SELECT coalesce(sum(1 + coalesce(cardinality(r.more), 0)), 0) FROM ready r)
            + (SELECT count(*) FROM scheduled);
        processing := (SELECT coalesce(sum(cardinality(l.seqs)), 0) FROM lease l);
    ELSE
        pending := (
            SELECT count(*)
            FROM (SELECT unnest(r.seq || r.more) AS seq FROM ready r
                  UNION ALL SELECT s.seq FROM scheduled s) w,
                LATERAL (SELECT q.tenant_id FROM job q WHERE q.seq = w.seq OFFSET 0) j
            WHERE j.tenant_id = want_tenant);
        processing := (
            SELECT count(*)
            FROM lease l, unnest(l.seqs) u (seq),
                LATERAL (SELECT q.tenant_id FROM job q WHERE q.seq = u.seq OFFSET 0) j
            WHERE j.tenant_id = want_tenant);
    END IF;
    SELECT coalesce(sum(e.n) FILTER (WHERE e.status = 'completed'), 0),
        coalesce(sum(e.n) FILTER (WHERE e.status = 'failed'), 0),
        coalesce(sum(e.n) FILTER (WHERE e.status = 'cancelled'), 0)
    INTO completed, failed, cancelled
    FROM (
        SELECT t.status, t.n FROM tally t WHERE want_tenant IS NULL OR t.tenant_id = want_tenant
        UNION ALL
        SELECT c.status, c.n * cardinality(c.seqs) FROM uncounted c WHERE want_tenant IS NULL
        UNION ALL
        SELECT c.status, c.n
        FROM uncounted c, unnest(c.seqs) u (seq),
            LATERAL (SELECT q.tenant_id FROM job q WHERE q.seq = u.seq OFFSET 0) j
        WHERE j.tenant_id = want_tenant) e;
    oldest_pending_ms := CASE WHEN oldest IS NULL THEN -1
        ELSE greatest(extract(epoch FROM clock_timestamp() - oldest) * 1000, 0) END;
    workers := (SELECT count(*) FROM worker w WHERE mh_is_live(w));
    RETURN NEXT;
END
$$;

CREATE FUNCTION mh_is_live(w worker) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT w.gone_at IS NULL
        AND w.beat_at + w.lease_ms * interval '1 ms' >= clock_timestamp()
$$;

-- When the oldest job that is due and pending was created. Of all tenants: the first of
-- each lane by the primary key of `ready`, the first that came back, the first due of each
-- lane in `scheduled`.
CREATE FUNCTION mh_oldest_pending(want_tenant uuid) RETURNS timestamptz
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF want_tenant IS NOT NULL THEN
        RETURN (
            SELECT min(j.created_at)
            FROM (SELECT unnest(r.seq || r.more) AS seq FROM ready r
                  UNION ALL SELECT s.seq FROM scheduled s WHERE s.run_at <= moment) w,
                LATERAL (SELECT q.tenant_id, q.created_at FROM job q WHERE q.seq = w.seq OFFSET 0) j
            WHERE j.tenant_id = want_tenant);
    END IF;
    RETURN (
        SELECT min(j.created_at)
        FROM (
            SELECT f.seq FROM lane l,
                LATERAL (SELECT r.seq FROM ready r WHERE r.lane = l.id AND r.pos > l.low
                         ORDER BY r.pos LIMIT 1) f
            UNION ALL
            (SELECT r.seq FROM ready r WHERE r.pos <> r.seq ORDER BY r.seq LIMIT 1)
            UNION ALL
            SELECT f.seq FROM lane l,
                LATERAL (SELECT s.seq FROM scheduled s
                         WHERE s.lane = l.id AND s.run_at <= moment AND s.grp IS NULL
                         ORDER BY s.run_at, s.seq LIMIT 1) f
            UNION ALL
            SELECT min(s.seq) FROM scheduled s WHERE s.grp IS NOT NULL) w,
            LATERAL (SELECT q.created_at FROM job q WHERE q.seq = w.seq OFFSET 0) j);
END
$$;

-- The live workers, oldest first.
CREATE FUNCTION mh_workers()
    RETURNS TABLE (worker_id text, started_at timestamptz, beat_at timestamptz, lease_ms bigint,
                   processing bigint, types text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_observer();
    RETURN QUERY
        SELECT w.name, w.started_at, w.beat_at, w.lease_ms,
            (SELECT coalesce(sum(cardinality(l.seqs)), 0) FROM lease l WHERE l.worker = w.number),
            to_json(w.types)::text
        FROM worker w
        WHERE mh_is_live(w)
        ORDER BY w.number;
END
$$;

-- How many jobs stand in leases that have run out and that nobody has taken back, and for how long
-- the first of them (null: there is none). Walks `lease`.
CREATE FUNCTION mh_overdue() RETURNS TABLE (jobs bigint, oldest_ms bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_observer();
    RETURN QUERY
        SELECT coalesce(sum(cardinality(l.seqs)), 0)::bigint,
            (extract(epoch FROM clock_timestamp() - min(mh_lease_end(l, w.beat_at)))
                * 1000)::bigint
        FROM lease l JOIN worker w ON w.number = l.worker
        WHERE mh_lease_end(l, w.beat_at) < clock_timestamp();
END
$$;

-- The known types by name, with their pending and processing jobs and the live workers
-- that serve them.
CREATE FUNCTION mh_types()
    RETURNS TABLE (name text, paused boolean, pending bigint, processing bigint, workers int)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_observer();
    RETURN QUERY
        WITH waiting AS MATERIALIZED (
            SELECT l.type, sum(w.n)::bigint AS n
            FROM (SELECT r.lane, sum(1 + coalesce(cardinality(r.more), 0)) AS n FROM ready r
                  GROUP BY r.lane
                  UNION ALL
                  SELECT s.lane, count(*) FROM scheduled s GROUP BY s.lane) w
            JOIN lane l ON l.id = w.lane
            GROUP BY l.type),
        running AS MATERIALIZED (
            SELECT l.type, count(*) AS n
            FROM lease e, unnest(e.lanes) u (lane) JOIN lane l ON l.id = u.lane
            GROUP BY l.type),
        live AS MATERIALIZED (SELECT w.types FROM worker w WHERE mh_is_live(w)),
        serving AS MATERIALIZED (
            SELECT u.type, count(*) AS n
            FROM live v, LATERAL (SELECT DISTINCT unnest(v.types) AS type) u GROUP BY u.type)
        SELECT t.name, t.paused, coalesce(w.n, 0), coalesce(r.n, 0),
            (coalesce(s.n, 0) + (SELECT count(*) FROM live v WHERE v.types IS NULL))::int
        FROM type t
        LEFT JOIN waiting w ON w.type = t.name
        LEFT JOIN running r ON r.type = t.name
        LEFT JOIN serving s ON s.type = t.name
        ORDER BY t.name COLLATE "C";
END
$$;

-- Pauses or resumes a type. To pause one that is not known makes it known; to resume it does not.
CREATE FUNCTION mh_type_pause(type_name text, pause boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_admin();
    IF pause THEN
        PERFORM mh_know_type(type_name);
    END IF;
    UPDATE type t SET paused = pause WHERE t.name = type_name AND t.paused <> pause;
    IF NOT pause THEN
        PERFORM mh_wake();
    END IF;
END
$$;

-- Keeps the limits to which SQL callers are held.
CREATE FUNCTION mh_configure(max_payload_bytes bigint, max_result_bytes bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_admin();
    UPDATE setting s
    SET max_payload_bytes = mh_configure.max_payload_bytes,
        max_result_bytes = mh_configure.max_result_bytes;
END
$$;
