-- Writing events. Whoever changes the life of a job asks mh_followed and then tells, in the same
-- transaction. Positions are settled as those of `ready` are (110_writers), by a lock of their own,
-- so that to tell delays neither claims nor sleepers; its key says exactly how far the sequence
-- stood, for readers get what is not settled again each time. It is the sequence modulo 2^32.

-- True while somebody follows. Put into the expressions that ask, it is one step of plpgsql.
CREATE FUNCTION mh_followed() RETURNS boolean
    LANGUAGE sql AS $$
    SELECT coalesce(pg_sequence_last_value('followed')
                    >= date_part('epoch', clock_timestamp()), false)
$$;

CREATE FUNCTION mh_enter_events() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(
        'event'::regclass::oid::int,
        coalesce(pg_sequence_last_value('event_pos'), 0)::bit(32)::int);
END
$$;

-- A position up to which no event can appear any more for a statement that begins after this one.
CREATE FUNCTION mh_event_mark() RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    last   bigint := coalesce(pg_sequence_last_value('event_pos'), 0);
    behind bigint;
BEGIN
    SELECT max(d.behind) INTO behind
    FROM pg_locks l,
        LATERAL (SELECT (last - l.objid::bigint) & 4294967295 AS behind) d
    WHERE l.locktype = 'advisory' AND l.classid = 'event'::regclass AND l.objsubid = 2
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
        AND d.behind < 2147483648; -- others have come since we read the sequence
    RETURN last - coalesce(behind, 0);
END
$$;

-- The part that is written now.
CREATE FUNCTION mh_event_turn() RETURNS smallint
    LANGUAGE sql AS $$
    SELECT (coalesce(pg_sequence_last_value('event_turn'), 0) % 3)::smallint
$$;

-- The same happened to all of these jobs, in this order; `attempts` null: none yet. A row has 1,000
-- jobs at most, for a reader takes rows as a whole.
CREATE FUNCTION mh_tell(kind int, worker int, seqs bigint[], attempts smallint[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF seqs = '{}' THEN
        RETURN;
    END IF;
    PERFORM mh_enter_events();
    INSERT INTO event (turn, pos, at, kind, worker, n, seqs, attempts)
    SELECT mh_event_turn(), nextval('event_pos'), clock_timestamp(), mh_tell.kind,
        mh_tell.worker, least(1000, cardinality(mh_tell.seqs) - i + 1), mh_tell.seqs[i:i + 999],
        mh_tell.attempts[i:i + 999]
    FROM generate_series(1, cardinality(mh_tell.seqs), 1000) i;
END
$$;

-- What mh_settle made of jobs; its arrays are in the order of `held`.
CREATE FUNCTION mh_tell_settled(
    held held_job[], outcomes smallint[], statuses smallint[], errors text[], delays_ms bigint[],
    moment timestamptz)
    RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mh_enter_events();
    INSERT INTO event (turn, pos, at, kind, worker, n, seqs, attempts, texts, dues)
    SELECT mh_event_turn(), nextval('event_pos'), moment, e.kind, e.worker, e.n, e.seqs,
        e.attempts, e.texts, e.dues
    FROM (
        SELECT k.kind, h.worker, count(*) AS n, array_agg(h.seq ORDER BY h.place) AS seqs,
            array_agg((h.attempt - CASE WHEN h.outcome IN (3, 4) THEN 1 ELSE 0 END)::smallint
                      ORDER BY h.place) AS attempts,
            CASE WHEN count(k.text) > 0 THEN array_agg(k.text ORDER BY h.place) END AS texts,
            CASE WHEN count(k.due) > 0 THEN array_agg(k.due ORDER BY h.place) END AS dues
        FROM unnest(held, outcomes, statuses, errors, delays_ms) WITH ORDINALITY
                h (lease, seq, lane, attempt, worker, started_at, special, outcome, status, error,
                   delay_ms, place),
            LATERAL (SELECT
                CASE WHEN h.status = 2 THEN 4 WHEN h.status = 3 THEN 5 WHEN h.status = 4 THEN 8
                     WHEN h.outcome IN (1, 5) THEN 6 ELSE 7 END AS kind,
                CASE h.outcome WHEN 1 THEN h.error WHEN 2 THEN h.error
                               WHEN 5 THEN 'lease expired' END AS text,
                CASE WHEN h.status = 0 AND (h.outcome = 1 OR h.outcome = 4 AND h.delay_ms > 0)
                    THEN moment + coalesce(h.delay_ms, 0) * interval '1 ms' END AS due) k
        GROUP BY k.kind, h.worker, h.place / 1000) e;
END
$$;

-- What workers said of jobs they hold: progress and messages, then lines.
CREATE FUNCTION mh_tell_notes(
    workers int[], seqs bigint[], attempts smallint[], progress real[], messages text[],
    logs text[])
    RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mh_enter_events();
    INSERT INTO event (turn, pos, at, kind, worker, n, seqs, attempts, progress, texts)
    SELECT mh_event_turn(), nextval('event_pos'), clock_timestamp(), e.kind, e.worker, e.n,
        e.seqs, e.attempts, e.progress, e.texts
    FROM (
        SELECT l.kind, l.worker, count(*) AS n, array_agg(l.seq ORDER BY l.place, l.line) AS seqs,
            array_agg(l.attempt ORDER BY l.place, l.line) AS attempts,
            CASE l.kind WHEN 2 THEN array_agg(l.value ORDER BY l.place) END AS progress,
            array_agg(l.text ORDER BY l.place, l.line) AS texts
        FROM (
            SELECT 2 AS kind, u.worker, u.seq, u.attempt, u.value, u.message AS text, u.place,
                0 AS line
            FROM unnest(workers, seqs, mh_tell_notes.attempts, mh_tell_notes.progress, messages)
                WITH ORDINALITY u (worker, seq, attempt, value, message, place)
            WHERE u.value IS NOT NULL OR u.message IS NOT NULL
            UNION ALL
            SELECT 3, u.worker, u.seq, u.attempt, NULL, s.text, u.place, s.line
            FROM unnest(workers, seqs, mh_tell_notes.attempts, logs)
                    WITH ORDINALITY u (worker, seq, attempt, log, place),
                regexp_split_to_table(
                    CASE WHEN right(u.log, 1) = E'\n' THEN left(u.log, -1) ELSE u.log END, E'\n')
                    WITH ORDINALITY s (text, line)
            WHERE u.log <> '') l
        GROUP BY l.kind, l.worker, l.place / 100, l.line / 1000
        ORDER BY l.kind, l.worker, l.place / 100, l.line / 1000) e;
END
$$;
