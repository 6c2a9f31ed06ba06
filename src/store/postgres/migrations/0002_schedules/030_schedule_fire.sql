-- Schedules for workers, who work out the slots.

-- The first row is the head: the clock, and how long until the next slot that has not come, -1:
-- there is none. Then schedules whose slot has come, the oldest slot first, behind the first
-- `passed`, as mh_schedules gives them without payloads. By schedule_due.
CREATE FUNCTION mh_schedules_due(max_rows int, passed int)
    RETURNS TABLE (
        moment timestamptz, next_due_ms bigint, id bigint, revision bigint, tenant_id uuid,
        name text, type text, cron text, tz text, priority int, max_attempts int, missed smallint,
        overlap boolean, paused boolean, next_at timestamptz, last_at timestamptz,
        created_at timestamptz, updated_at timestamptz, payload jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    now_at timestamptz := clock_timestamp();
BEGIN
    moment := now_at;
    next_due_ms := coalesce(
        (SELECT ceil(extract(epoch FROM min(s.next_at) - now_at) * 1000)::bigint
         FROM schedule s WHERE s.next_at > now_at), -1);
    RETURN NEXT;
    RETURN QUERY
        SELECT NULL::timestamptz, NULL::bigint, s.id, s.revision, s.tenant_id, s.name, s.type,
            s.cron, s.tz, s.priority, s.max_attempts, s.missed, s.overlap, s.paused, s.next_at,
            s.last_at, s.created_at, s.updated_at, NULL::jsonb
        FROM schedule s
        WHERE s.next_at <= now_at
        ORDER BY s.next_at, s.id
        LIMIT max_rows OFFSET passed;
END
$$;

-- Moves a schedule that is still at this revision and slot on, and dispatches its jobs, whose
-- arrays are of one length and may be empty; `correlation_ids` may be null. No row at all: it was
-- elsewhere. Else first a row with ordinal 0, then the standing ones as mh_dispatch gives them.
-- Locks the tenant (key share) before the schedule, as who deletes a tenant does, and then as
-- mh_dispatch.
CREATE FUNCTION mh_schedule_fire(
    old_id bigint, old_revision bigint, slot timestamptz, done_at timestamptz,
    first_at timestamptz, ids uuid[], slots timestamptz[], correlation_ids text[], key text)
    RETURNS TABLE (ordinal int, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    n    int := cardinality(ids);
    that schedule;
BEGIN
    PERFORM FROM tenant t
    WHERE t.id = (SELECT s.tenant_id FROM schedule s WHERE s.id = old_id) FOR KEY SHARE;
    UPDATE schedule s
    SET revision = s.revision + 1, last_at = done_at, next_at = first_at
    WHERE s.id = old_id AND s.revision = old_revision AND s.next_at = slot
    RETURNING * INTO that;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    ordinal := 0;
    RETURN NEXT;
    RETURN QUERY SELECT * FROM mh_dispatch(
        ids, array_fill(that.tenant_id, ARRAY[n]), array_fill(that.type, ARRAY[n]),
        array_fill(that.payload, ARRAY[n]),
        CASE WHEN that.priority IS NOT NULL THEN array_fill(that.priority, ARRAY[n]) END,
        array_fill(that.max_attempts, ARRAY[n]), NULL, slots,
        CASE WHEN key IS NOT NULL THEN array_fill(key, ARRAY[n]) END, correlation_ids, NULL);
END
$$;
