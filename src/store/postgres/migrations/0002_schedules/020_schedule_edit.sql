-- Schedules for people. Who speaks for one tenant sees and changes those of it only.

-- The first row is the head: `moment`, the clock, and nothing else. Then the schedules by name, of
-- one tenant or with one name where those are given. Walks all schedules.
CREATE FUNCTION mh_schedules(want_tenant uuid, want_name text, bodies boolean)
    RETURNS TABLE (
        moment timestamptz, next_due_ms bigint, id bigint, revision bigint, tenant_id uuid,
        name text, type text, cron text, tz text, priority int, max_attempts int, missed smallint,
        overlap boolean, paused boolean, next_at timestamptz, last_at timestamptz,
        created_at timestamptz, updated_at timestamptz, payload jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    moment := clock_timestamp();
    RETURN NEXT;
    RETURN QUERY
        SELECT NULL::timestamptz, NULL::bigint, s.id, s.revision, s.tenant_id, s.name, s.type,
            s.cron, s.tz, s.priority, s.max_attempts, s.missed, s.overlap, s.paused, s.next_at,
            s.last_at, s.created_at, s.updated_at, CASE WHEN bodies THEN s.payload END
        FROM schedule s
        WHERE (mh_sees_all() OR s.tenant_id = mh_my_tenant())
            AND (want_tenant IS NULL OR s.tenant_id = want_tenant)
            AND (want_name IS NULL OR s.name = want_name)
        ORDER BY s.name COLLATE "C", s.id;
END
$$;

-- Part of the caller's transaction. Locks the tenant against deletion (key share).
CREATE FUNCTION mh_schedule_add(
    owner_id uuid, new_name text, new_type text, new_cron text, new_tz text, new_priority int,
    most int, new_missed smallint, new_overlap boolean, new_paused boolean,
    first_at timestamptz, body jsonb)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_tenants(ARRAY[owner_id]);
    PERFORM mh_check_jobs(1, NULL, ARRAY[new_type], ARRAY[body], NULL, ARRAY[most],
        NULL, NULL, NULL);
    PERFORM FROM tenant t WHERE t.id = owner_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING MESSAGE = 'tenant_id: no such tenant';
    END IF;
    IF (SELECT count(*) >= 10000 FROM schedule) THEN
        RAISE program_limit_exceeded USING MESSAGE = 'there are 10000 schedules already';
    END IF;
    INSERT INTO schedule (tenant_id, name, type, cron, tz, priority, max_attempts, missed, overlap,
                          paused, next_at, created_at, updated_at, payload)
    VALUES (owner_id, new_name, new_type, new_cron, new_tz, new_priority, most, new_missed,
            new_overlap, new_paused, first_at, clock_timestamp(), clock_timestamp(), body);
    PERFORM pg_notify('millhand_new_job', 'schedule');
END
$$;

-- Only at the revision given; how many: 1 or 0. By the primary key.
CREATE FUNCTION mh_schedule_change(
    old_id bigint, old_revision bigint, new_type text, new_cron text, new_tz text,
    new_priority int, most int, new_missed smallint, new_overlap boolean, new_paused boolean,
    first_at timestamptz, body jsonb)
    RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_jobs(1, NULL, ARRAY[new_type], ARRAY[body], NULL, ARRAY[most],
        NULL, NULL, NULL);
    UPDATE schedule s
    SET revision = s.revision + 1, type = new_type, cron = new_cron, tz = new_tz,
        priority = new_priority, max_attempts = most, missed = new_missed, overlap = new_overlap,
        paused = new_paused, next_at = first_at, updated_at = clock_timestamp(), payload = body
    WHERE s.id = old_id AND s.revision = old_revision
        AND (mh_sees_all() OR s.tenant_id = mh_my_tenant());
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    PERFORM pg_notify('millhand_new_job', 'schedule');
    RETURN 1;
END
$$;

-- How many: 1 or 0. Its jobs stay. By the unique name.
CREATE FUNCTION mh_schedule_remove(owner_id uuid, old_name text) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    DELETE FROM schedule s
    WHERE s.tenant_id = owner_id AND s.name = old_name
        AND (mh_sees_all() OR s.tenant_id = mh_my_tenant());
    RETURN FOUND::int;
END
$$;
