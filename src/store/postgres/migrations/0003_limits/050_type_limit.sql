-- Sets the limits of a type, known or not: -1 leaves one as it is, 0 takes it away. What waits is
-- sorted anew and what runs is counted from now on; claims that are under way end as they began.
-- Waits for those that hold the gate.
CREATE FUNCTION mh_type_limit(type_name text, new_max bigint, new_per_tenant bigint,
                              new_per_key bigint, new_key text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    g         gate;
    its_lanes int[];
BEGIN
    PERFORM mh_check_admin();
    PERFORM mh_know_type(type_name);
    INSERT INTO gate AS q (type, max_running, per_tenant, per_key)
    VALUES (type_name, 0, 0, 0)
    ON CONFLICT (type) DO UPDATE SET type = q.type
    RETURNING q.* INTO g;
    PERFORM pg_advisory_xact_lock('gate'::regclass::oid::int, g.id);
    UPDATE gate q
    SET max_running = coalesce(nullif(new_max, -1), q.max_running),
        per_tenant = coalesce(nullif(new_per_tenant, -1), q.per_tenant),
        per_key = coalesce(nullif(new_per_key, -1), q.per_key),
        key = CASE new_per_key WHEN -1 THEN q.key WHEN 0 THEN NULL ELSE new_key END
    WHERE q.id = g.id
    RETURNING * INTO g;
    DELETE FROM gate q
    WHERE q.id = g.id AND q.max_running = 0 AND q.per_tenant = 0 AND q.per_key = 0;
    UPDATE type t SET gated = NOT FOUND WHERE t.name = type_name;

    its_lanes := ARRAY(SELECT l.id FROM lane l WHERE l.type = type_name);
    UPDATE scheduled s SET tenant_id = NULL, grp = NULL
    WHERE s.lane = ANY (its_lanes) AND s.grp IS NOT NULL;
    IF EXISTS (SELECT FROM gate q WHERE q.id = g.id) THEN
        PERFORM mh_sort(g, its_lanes, clock_timestamp(), 2147483647);
        UPDATE lease l SET gated = true WHERE l.lanes && its_lanes AND NOT l.gated;
    END IF;
    PERFORM mh_enter();
    PERFORM mh_wake();
END
$$;

-- The limits there are; 0: none of this kind.
CREATE FUNCTION mh_limits()
    RETURNS TABLE (type text, max_running int, per_tenant int, per_key int, key text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_observer();
    RETURN QUERY SELECT g.type, g.max_running, g.per_tenant, g.per_key, g.key FROM gate g;
END
$$;
