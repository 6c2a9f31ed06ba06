-- Writes what becomes of jobs that were taken out of their leases, and gives the status that each
-- has now. Beside the outcomes of enum mh_outcome (0 completed, 1 retry, 2 failed, 3 released, 4
-- later) there are 5, the lease expired, and 6, cancelled by a person. All arrays are in the order
-- of `held`. Searches by primary keys; locks nothing but what it writes.
CREATE FUNCTION mh_settle(
    held held_job[], outcomes smallint[], results jsonb[], errors text[], logs text[],
    delays_ms bigint[])
    RETURNS smallint[]
    LANGUAGE plpgsql AS $$
DECLARE
    moment   timestamptz := clock_timestamp();
    statuses smallint[];
BEGIN
    statuses := ARRAY(
        SELECT CASE
            WHEN h.outcome = 0 THEN 2
            WHEN h.outcome = 2 THEN 3
            WHEN h.outcome IN (1, 5) AND h.attempt >= (
                SELECT j.max_attempts FROM job j WHERE j.seq = h.seq) THEN 3
            WHEN h.outcome = 6 THEN 4
            ELSE 0 END::smallint
        FROM unnest(held, outcomes) WITH ORDINALITY
            h (lease, seq, lane, attempt, worker, started_at, special, outcome, n)
        ORDER BY h.n);
    IF EXISTS (SELECT FROM unnest(outcomes) u (outcome) WHERE u.outcome IN (1, 2, 5, 6)) THEN
        PERFORM mh_write_attempts(held, outcomes, errors, logs, moment);
    END IF;
    IF EXISTS (SELECT FROM unnest(statuses) u (status) WHERE u.status > 1) THEN
        PERFORM mh_write_ends(held, statuses, results, moment);
    END IF;
    IF 0 = ANY (statuses) THEN
        PERFORM mh_give_back(held, outcomes, statuses, delays_ms, moment);
    END IF;
    IF mh_followed() THEN
        PERFORM mh_tell_settled(held, outcomes, statuses, errors, delays_ms, moment);
    END IF;
    RETURN statuses;
END
$$;

-- Attempts that did not succeed.
CREATE FUNCTION mh_write_attempts(
    held held_job[], outcomes smallint[], errors text[], logs text[], moment timestamptz)
    RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO attempt (seq, lease, number, worker, started_at, ended_at, outcome, error, log)
    SELECT h.seq, h.lease, h.attempt, h.worker, h.started_at, moment,
        CASE h.outcome WHEN 5 THEN 'lease expired' WHEN 6 THEN 'cancelled' ELSE 'failed' END,
        CASE h.outcome WHEN 5 THEN 'lease expired' ELSE h.error END, h.log
    FROM unnest(held, outcomes, errors, logs)
        h (lease, seq, lane, attempt, worker, started_at, special, outcome, error, log)
    WHERE h.outcome IN (1, 2, 5, 6);
END
$$;

-- Those that ended.
CREATE FUNCTION mh_write_ends(
    held held_job[], statuses smallint[], results jsonb[], moment timestamptz)
    RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    ended record;
BEGIN
    PERFORM mh_append_ends(held, statuses, results, moment);
    FOR ended IN
        SELECT mh_status(h.status) AS how, array_agg(h.seq) AS seqs, bool_or(h.special) AS special
        FROM unnest(held, statuses)
            h (lease, seq, lane, attempt, worker, started_at, special, status)
        WHERE h.status > 1
        GROUP BY h.status
    LOOP
        PERFORM mh_ended(ended.how, ended.seqs, ended.special);
    END LOOP;
END
$$;

-- Those that are pending again: with a delay where there is one to wait, or else behind their
-- equals. An attempt that was handed back or put off does not count.
CREATE FUNCTION mh_give_back(
    held held_job[], outcomes smallint[], statuses smallint[], delays_ms bigint[],
    moment timestamptz)
    RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mh_enter();
    WITH later AS (
        INSERT INTO scheduled (seq, run_at, lane, attempt, special, retry)
        SELECT h.seq, moment + coalesce(h.delay_ms, 0) * interval '1 ms', h.lane,
            CASE h.outcome WHEN 1 THEN h.attempt ELSE h.attempt - 1 END, h.special, h.outcome = 1
        FROM unnest(held, outcomes, statuses, delays_ms)
            h (lease, seq, lane, attempt, worker, started_at, special, outcome, status, delay_ms)
        WHERE h.status = 0 AND h.outcome IN (1, 4)
        RETURNING scheduled.seq, scheduled.run_at)
    UPDATE job j SET run_at = l.run_at FROM later l WHERE j.seq = l.seq;

    INSERT INTO ready (pos, seq, lane, attempt, special, due_at)
    SELECT nextval('pos'), b.seq, b.lane, b.attempt, b.special, moment
    FROM (
        SELECT h.seq, h.lane, h.special,
            CASE h.outcome WHEN 3 THEN h.attempt - 1 ELSE h.attempt END AS attempt
        FROM unnest(held, outcomes, statuses)
            h (lease, seq, lane, attempt, worker, started_at, special, outcome, status)
        WHERE h.status = 0 AND h.outcome IN (3, 5)
        ORDER BY h.seq) b;

    DELETE FROM progress p
    WHERE p.seq = ANY (ARRAY(
        SELECT h.seq FROM unnest(held, statuses)
            h (lease, seq, lane, attempt, worker, started_at, special, status)
        WHERE h.status = 0));
    PERFORM mh_wake();
END
$$;

-- The same outcome for all.
CREATE FUNCTION mh_settle_all(held held_job[], outcome int, error text) RETURNS smallint[]
    LANGUAGE plpgsql AS $$
DECLARE
    n int[] := ARRAY[cardinality(held)];
BEGIN
    IF held = '{}' THEN
        RETURN '{}';
    END IF;
    RETURN mh_settle(held, array_fill(outcome::smallint, n), NULL, array_fill(error, n), NULL,
                     NULL);
END
$$;

-- With one cast around it all it would be called for each row, and not made a part of the query.
CREATE FUNCTION mh_status(status smallint) RETURNS job_status
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE status
        WHEN 0 THEN 'pending'::job_status WHEN 1 THEN 'processing'::job_status
        WHEN 2 THEN 'completed'::job_status WHEN 3 THEN 'failed'::job_status
        WHEN 4 THEN 'cancelled'::job_status END
$$;

CREATE FUNCTION mh_status_number(status job_status) RETURNS smallint
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE status WHEN 'pending' THEN 0 WHEN 'processing' THEN 1 WHEN 'completed' THEN 2
                       WHEN 'failed' THEN 3 WHEN 'cancelled' THEN 4 END::smallint
$$;
