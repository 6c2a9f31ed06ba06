-- Writes what became of running jobs: any outcomes, over any leases. Gives, in the order given, the
-- status that each job has now, or -1 where it is no longer in that lease; then nothing was written
-- for it. Locks the leases, in the order of their numbers. Searches by primary keys only.
CREATE FUNCTION mh_finish(
    leases bigint[], seqs bigint[], outcomes smallint[], results jsonb[], errors text[],
    logs text[], delays_ms bigint[])
    RETURNS smallint[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    part     record;
    whole    bigint[] := '{}'; -- leases for which all is written
    held     held_job[] := '{}';
    wanted   record;
    places   bigint[]; -- of the others
    statuses smallint[];
BEGIN
    IF leases[1] = ALL (leases) AND 0 = ALL (outcomes)
        AND mh_finish_first(leases[1], seqs, results) THEN
        RETURN array_fill(2::smallint, ARRAY[cardinality(seqs)]);
    END IF;
    FOR part IN
        SELECT u.lease, array_agg(u.seq ORDER BY u.n) AS seqs,
            array_agg(u.result ORDER BY u.n) AS results, bool_and(u.outcome = 0) AS completed
        FROM unnest(leases, seqs, outcomes, results) WITH ORDINALITY
            u (lease, seq, outcome, result, n)
        GROUP BY u.lease ORDER BY u.lease
    LOOP
        IF part.completed AND mh_finish_first(part.lease, part.seqs, part.results) THEN
            whole := whole || part.lease;
        ELSE
            held := held || mh_take(part.lease, part.seqs);
        END IF;
    END LOOP;

    -- A job that is given twice counts once, as it was given first.
    IF held <> '{}' THEN
        SELECT array_agg(h.job) AS held, array_agg(f.n) AS places,
            array_agg(f.outcome) AS outcomes, array_agg(f.result) AS results,
            array_agg(f.error) AS errors, array_agg(f.log) AS logs,
            array_agg(f.delay_ms) AS delays_ms
        INTO wanted
        FROM (
            SELECT DISTINCT ON (u.lease, u.seq) u.*
            FROM unnest(leases, seqs, outcomes, results, errors, logs, delays_ms) WITH ORDINALITY
                u (lease, seq, outcome, result, error, log, delay_ms, n)
            ORDER BY u.lease, u.seq, u.n) f
        JOIN (SELECT u AS job, u.lease, u.seq FROM unnest(held) u) h
            ON h.lease = f.lease AND h.seq = f.seq;
        statuses := mh_settle(wanted.held, wanted.outcomes, wanted.results, wanted.errors,
                              wanted.logs, wanted.delays_ms);
        places := wanted.places;
    END IF;
    RETURN ARRAY(
        SELECT coalesce(s.status, CASE WHEN u.lease = ANY (whole) THEN 2 ELSE -1 END)::smallint
        FROM unnest(leases) WITH ORDINALITY u (lease, n)
        LEFT JOIN unnest(places, statuses) s (place, status) ON s.place = u.n
        ORDER BY u.n);
END
$$;

-- The first jobs of a lease or all of them, in its order, completed: the common case under load, so
-- it is written out here. A run begins where a seq does not follow the one before. False, and
-- nothing done, where these are not exactly the first.
CREATE FUNCTION mh_finish_first(lease_id bigint, seqs bigint[], results jsonb[]) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    n      int := cardinality(seqs);
    size   int := mh_run_size(results);
    held   lease;
BEGIN
    DELETE FROM lease l WHERE l.id = lease_id AND l.seqs = mh_finish_first.seqs
    RETURNING l.* INTO held;
    IF NOT FOUND THEN
        SELECT l.* INTO held FROM lease l
        WHERE l.id = lease_id AND l.seqs[:n] = mh_finish_first.seqs FOR UPDATE;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        UPDATE lease l SET seqs = l.seqs[n + 1:], lanes = l.lanes[n + 1:],
            attempts = l.attempts[n + 1:]
        WHERE l.id = lease_id;
    END IF;
    IF held.attempts[1] <> ANY (held.attempts[:n]) THEN
        size := 1;
    END IF;
    INSERT INTO done (seq, started_at, completed_at, worker, status, attempts, n, results)
    SELECT seqs[i], held.claimed_at, moment, held.worker, 'completed', held.attempts[i],
        least(size, run.past - i), results[i:least(i + size, run.past) - 1]
    FROM (
        SELECT k AS first, lead(k, 1, n + 1) OVER (ORDER BY k) AS past
        FROM (SELECT generate_series(1, n) AS k) u
        WHERE k = 1 OR seqs[k] <> seqs[k - 1] + 1) run,
        generate_series(run.first, run.past - 1, size) i;
    INSERT INTO uncounted (status, seqs) VALUES ('completed', mh_finish_first.seqs);
    IF held.special THEN
        PERFORM mh_drop_keys(seqs);
    END IF;
    IF mh_followed() THEN
        PERFORM mh_tell(4, held.worker, seqs, held.attempts[:n]);
    END IF;
    IF NOT mh_unlocked('done') THEN
        PERFORM pg_notify('millhand_job_status', 'ended');
    END IF;
    RETURN true;
END
$$;
