-- Following events.

-- From now on, and for a day, events are written. After a time in which nobody followed a position
-- is passed over, for what was not written then. Locks the row of `follow`.
CREATE FUNCTION mh_follow_events() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM FROM follow FOR UPDATE;
    IF NOT mh_followed() THEN
        UPDATE follow SET since = nextval('event_pos');
    END IF;
    PERFORM setval('followed', floor(extract(epoch FROM clock_timestamp()))::bigint + 86400);
    PERFORM mh_turn_events();
END
$$;

-- Goes on to the next part each 12 hours, or when the part has grown to a gigabyte: so events are
-- kept for a day at least, unless there are too many. That part is emptied, if nobody is at it: a
-- transaction that wrote to it, a dump; else we stay where we are and try again. One at a time.
CREATE FUNCTION mh_turn_events() RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    turn bigint := coalesce(pg_sequence_last_value('event_turn'), 0);
    part text := format('event_%s', (turn + 1) % 3);
    last bigint;
BEGIN
    PERFORM FROM follow f
    WHERE f.turned_at < clock_timestamp() - interval '12 hours'
        OR pg_table_size(format('event_%s', turn % 3)::regclass) > 1073741824
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
    EXECUTE format('SELECT max(e.pos) FROM %I e', part) INTO last;
    EXECUTE format('TRUNCATE %I', part);
    UPDATE follow f SET turned_at = clock_timestamp(), since = greatest(f.since, last);
    PERFORM setval('event_turn', turn + 1);
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$$;

-- Events after a place, {0, 0}: from the oldest; of one job where `want_id` is given; of tenants
-- that the asker speaks for. The first row is the head: `cursor` and `gap` are set in it alone, and
-- nothing else. With `after_pos` -1 there is no other row. See ENGINE.md.
--
-- Walks event_by_pos, at most 5,000 rows and some 20,000 jobs; for each job its primary key. Where
-- that ends before the horizon, so does `cursor`. Each statement sees what was committed before it
-- began, and the horizon is read first.
CREATE FUNCTION mh_events(after_pos bigint, after_index int, want_id uuid, max_events int)
    RETURNS TABLE (
        cursor bigint, gap boolean, pos bigint, place int, kind smallint, at timestamptz, id uuid,
        tenant_id uuid, type text, worker_id text, attempts int, progress real, text text,
        next_retry_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    want_tenant uuid := CASE WHEN NOT mh_sees_all() THEN mh_my_tenant() END;
    hidden      boolean := NOT mh_sees_all() AND want_tenant IS NULL;
    want_seq    bigint;
    upto        bigint;
BEGIN
    cursor := mh_event_mark();
    gap := after_pos > 0 AND after_pos < (SELECT f.since FROM follow f);
    IF after_pos >= 0 THEN
        SELECT max(w.pos) FILTER (WHERE w.before < 20000) INTO upto
        FROM (
            SELECT e.pos, sum(e.n) OVER (ORDER BY e.pos) - e.n AS before
            FROM (SELECT q.pos, q.n FROM event q WHERE q.pos >= after_pos
                  ORDER BY q.pos LIMIT 5000) e) w;
        IF EXISTS (SELECT FROM event q WHERE q.pos > upto) THEN
            cursor := least(cursor, upto);
        END IF;
    END IF;
    RETURN NEXT;
    IF upto IS NULL OR hidden THEN
        RETURN;
    END IF;
    IF want_id IS NOT NULL THEN
        want_seq := coalesce((SELECT j.seq FROM job j WHERE j.id = want_id), -1);
    END IF;
    RETURN QUERY
        SELECT NULL::bigint, NULL::boolean, e.pos, u.n::int - 1, e.kind, e.at, j.id, j.tenant_id,
            l.type, (SELECT w.name FROM worker w WHERE w.number = e.worker),
            coalesce(u.attempts, 0)::int, u.progress, u.text, u.due
        FROM event e
        CROSS JOIN LATERAL unnest(e.seqs, e.attempts, e.progress, e.texts, e.dues)
            WITH ORDINALITY u (seq, attempts, progress, text, due, n)
        CROSS JOIN LATERAL (SELECT q.* FROM job q WHERE q.seq = u.seq OFFSET 0) j
        JOIN lane l ON l.id = j.lane
        WHERE e.pos BETWEEN after_pos AND upto
            AND (e.pos > after_pos OR u.n > after_index + 1::bigint)
            AND (want_seq IS NULL OR e.seqs @> ARRAY[want_seq] AND u.seq = want_seq)
            AND (want_tenant IS NULL OR j.tenant_id = want_tenant)
        ORDER BY e.pos, u.n
        LIMIT max_events;
END
$$;
