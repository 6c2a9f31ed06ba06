-- Counts, as far as the asker may see them: of a tenant, or (null) of all. Who speaks for a tenant
-- gets its counts; who may count gets all.
CREATE FUNCTION mh_stats(want_tenant uuid)
    RETURNS TABLE (pending bigint, processing bigint, completed bigint, failed bigint,
                   cancelled bigint, oldest_pending_ms bigint, workers bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF NOT mh_sees_all() AND NOT mh_may('mh_count') THEN
        want_tenant := coalesce(want_tenant, mh_my_tenant());
        IF want_tenant IS NULL OR want_tenant IS DISTINCT FROM mh_my_tenant() THEN
            RAISE insufficient_privilege USING MESSAGE = 'not a tenant of yours';
        END IF;
    END IF;
    PERFORM mh_catch_up();
    RETURN QUERY SELECT * FROM mh_count(want_tenant);
END
$$;

-- Adds up what is not counted yet, where that is so much that counting it each time would take
-- long: no worker lives that does it.
CREATE FUNCTION mh_catch_up() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_read_only') = 'off'
        AND (EXISTS (SELECT FROM uncounted OFFSET 20)
             OR coalesce(pg_sequence_last_value('pos'), 0) > 5000 + (SELECT c.upto FROM counted c))
    THEN
        PERFORM mh_fold(false);
        PERFORM mh_fold_new();
    END IF;
END
$$;

-- What `tally` has of one tenant, or (null) of all, where it is summed up: a row for each tenant,
-- lane and status.
CREATE FUNCTION mh_tallied(want_tenant uuid)
    RETURNS TABLE (lane int, status job_status, n bigint)
    LANGUAGE plpgsql STABLE SET enable_seqscan = on AS $$
BEGIN
    IF want_tenant IS NOT NULL THEN
        RETURN QUERY SELECT t.lane, t.status, t.n FROM tally t WHERE t.tenant_id = want_tenant;
    ELSE
        RETURN QUERY SELECT t.lane, t.status, sum(t.n)::bigint FROM tally t
                     GROUP BY t.lane, t.status;
    END IF;
END
$$;

-- How many jobs there are in each lane and status, of one tenant or (null) of all; of status
-- pending: all that are kept. From `tally`, and what is not added up yet.
CREATE FUNCTION mh_counts(want_tenant uuid)
    RETURNS TABLE (lane int, status job_status, n bigint)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN QUERY
        SELECT t.lane, t.status, t.n FROM mh_tallied(want_tenant) t
        UNION ALL
        SELECT j.lane, 'pending', count(*) FROM job j
        WHERE j.seq > (SELECT c.upto FROM counted c)
            AND (want_tenant IS NULL OR j.tenant_id = want_tenant)
        GROUP BY j.lane
        UNION ALL
        SELECT j.lane, c.status, sum(c.n)::bigint
        FROM uncounted c, unnest(c.seqs) u (seq),
            LATERAL (SELECT q.tenant_id, q.lane FROM job q WHERE q.seq = u.seq OFFSET 0) j
        WHERE want_tenant IS NULL OR j.tenant_id = want_tenant
        GROUP BY j.lane, c.status;
END
$$;

-- How many jobs run in each lane, of one tenant or (null) of all, those that are held for a move
-- apart. Walks `lease`, and of one tenant searches in `job` for each.
CREATE FUNCTION mh_running(want_tenant uuid)
    RETURNS TABLE (lane int, held boolean, n bigint)
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT CASE WHEN u.lane = 0 OR want_tenant IS NOT NULL THEN j.lane ELSE u.lane END,
            u.lane = 0, count(*)
        FROM lease l, unnest(l.seqs, l.lanes) u (seq, lane)
        LEFT JOIN LATERAL (
            SELECT q.lane, q.tenant_id FROM job q
            WHERE q.seq = u.seq AND (u.lane = 0 OR want_tenant IS NOT NULL) OFFSET 0) j ON true
        WHERE want_tenant IS NULL OR j.tenant_id = want_tenant
        GROUP BY 1, 2;
END
$$;

-- How many jobs of a tenant (null: all) are in each status, the age of the oldest that is due
-- and pending (-1: none), and how many workers live. Nobody counts those that are pending: they are
-- what is left of all that are kept.
CREATE FUNCTION mh_count(want_tenant uuid)
    RETURNS TABLE (pending bigint, processing bigint, completed bigint, failed bigint,
                   cancelled bigint, oldest_pending_ms bigint, workers bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    oldest timestamptz := CASE WHEN want_tenant IS NULL THEN mh_oldest_pending()
                          ELSE mh_oldest_pending_of(want_tenant) END;
BEGIN
    processing := (SELECT coalesce(sum(r.n), 0) FROM mh_running(want_tenant) r);
    SELECT coalesce(sum(c.n) FILTER (WHERE c.status = 'pending'), 0),
        coalesce(sum(c.n) FILTER (WHERE c.status = 'completed'), 0),
        coalesce(sum(c.n) FILTER (WHERE c.status = 'failed'), 0),
        coalesce(sum(c.n) FILTER (WHERE c.status = 'cancelled'), 0)
    INTO pending, completed, failed, cancelled
    FROM mh_counts(want_tenant) c;
    pending := pending - processing - completed - failed - cancelled;
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

-- When the oldest job that is due and pending was created: the first of each lane by the primary
-- key of `ready`, the first that came back, the first due of each lane in `scheduled`.
CREATE FUNCTION mh_oldest_pending() RETURNS timestamptz
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
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
                         WHERE s.lane = l.id AND s.run_at <= clock_timestamp() AND s.grp IS NULL
                         ORDER BY s.run_at, s.seq LIMIT 1) f
            UNION ALL
            (SELECT s.seq FROM scheduled s WHERE s.grp IS NOT NULL ORDER BY s.seq LIMIT 1)) w,
            LATERAL (SELECT q.created_at FROM job q WHERE q.seq = w.seq OFFSET 0) j);
END
$$;

-- The same of one tenant: from among the first few jobs of each of its lanes that are not older
-- than the oldest of all, and the first few that wait in each lane. So it may miss a job that has
-- many before it.
CREATE FUNCTION mh_oldest_pending_of(want_tenant uuid) RETURNS timestamptz
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    few    int := greatest(10, 1000 / (SELECT count(*) + 1 FROM lane));
    oldest timestamptz := mh_oldest_pending();
    since  bigint;
    found  bigint[];
BEGIN
    IF oldest IS NULL THEN
        RETURN NULL;
    END IF;
    since := (SELECT min(f.seq) FROM lane l,
                  LATERAL (SELECT r.seq FROM ready r WHERE r.lane = l.id AND r.pos > l.low
                           ORDER BY r.pos LIMIT 1) f);
    found := ARRAY(
        SELECT f.seq FROM lane l,
            LATERAL (SELECT j.seq FROM job j
                     WHERE (j.tenant_id, j.lane, j.seq)
                             >= (want_tenant, l.id, coalesce(since, 0))
                         AND (j.tenant_id, j.lane, j.seq) < (want_tenant, l.id + 1, 0)
                     ORDER BY j.tenant_id, j.lane, j.seq LIMIT few) f
        UNION
        SELECT g.seq FROM lane l,
            LATERAL (SELECT r.seq || r.more AS seqs FROM ready r
                     WHERE r.lane = l.id AND r.pos > l.low
                     ORDER BY r.pos LIMIT few) f,
            LATERAL (SELECT u.seq FROM unnest(f.seqs) u (seq) LIMIT few) g
        UNION
        (SELECT r.seq FROM ready r WHERE r.pos <> r.seq ORDER BY r.seq LIMIT few)
        UNION
        SELECT f.seq FROM lane l,
            LATERAL (SELECT s.seq FROM scheduled s
                     WHERE s.lane = l.id AND s.run_at <= clock_timestamp() AND s.grp IS NULL
                     ORDER BY s.run_at, s.seq LIMIT few) f
        UNION
        (SELECT s.seq FROM scheduled s WHERE s.grp IS NOT NULL ORDER BY s.seq LIMIT few));
    RETURN (
        SELECT min(j.created_at)
        FROM unnest(mh_passing(found, 0::smallint, NULL, want_tenant)) u (seq),
            LATERAL (SELECT q.created_at, q.run_at FROM job q WHERE q.seq = u.seq OFFSET 0) j
        WHERE j.run_at IS NULL OR j.run_at <= clock_timestamp());
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
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_observer();
    PERFORM mh_catch_up();
    RETURN QUERY
        WITH running AS MATERIALIZED (
            SELECT l.type, sum(r.n) FILTER (WHERE NOT r.held) AS n, sum(r.n) AS in_all
            FROM mh_running(NULL) r JOIN lane l ON l.id = r.lane
            GROUP BY l.type),
        waiting AS MATERIALIZED (
            SELECT l.type, sum(CASE c.status WHEN 'pending' THEN c.n ELSE -c.n END) AS n
            FROM mh_counts(NULL) c JOIN lane l ON l.id = c.lane
            GROUP BY l.type),
        live AS MATERIALIZED (SELECT w.types FROM worker w WHERE mh_is_live(w)),
        serving AS MATERIALIZED (
            SELECT u.type, count(*) AS n
            FROM live v, LATERAL (SELECT DISTINCT unnest(v.types) AS type) u GROUP BY u.type)
        SELECT t.name, t.paused, (coalesce(w.n, 0) - coalesce(r.in_all, 0))::bigint,
            coalesce(r.n, 0)::bigint,
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
    PERFORM setval('payload_limit', mh_configure.max_payload_bytes);
    UPDATE setting s SET max_result_bytes = mh_configure.max_result_bytes;
END
$$;
