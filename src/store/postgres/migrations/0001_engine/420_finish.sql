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
    held     held_job[] := '{}';
    wanted   record;
    statuses smallint[];
BEGIN
    IF leases[1] = ALL (leases) AND 0 = ALL (outcomes)
        AND mh_finish_whole(leases[1], seqs, results) THEN
        RETURN array_fill(2::smallint, ARRAY[cardinality(seqs)]);
    END IF;
    FOR part IN
        SELECT u.lease, array_agg(u.seq) AS seqs FROM unnest(leases, seqs) u (lease, seq)
        GROUP BY u.lease ORDER BY u.lease
    LOOP
        held := held || mh_take(part.lease, part.seqs);
    END LOOP;
    IF held = '{}' THEN
        RETURN array_fill(-1::smallint, ARRAY[cardinality(seqs)]);
    END IF;

    -- A job that is given twice counts once, as it was given first.
    SELECT array_agg(h.job) AS held, array_agg(f.n) AS places, array_agg(f.outcome) AS outcomes,
        array_agg(f.result) AS results, array_agg(f.error) AS errors, array_agg(f.log) AS logs,
        array_agg(f.delay_ms) AS delays_ms
    INTO wanted
    FROM (
        SELECT DISTINCT ON (u.lease, u.seq) u.*
        FROM unnest(leases, seqs, outcomes, results, errors, logs, delays_ms) WITH ORDINALITY
            u (lease, seq, outcome, result, error, log, delay_ms, n)
        ORDER BY u.lease, u.seq, u.n) f
    JOIN (SELECT u AS job, u.lease, u.seq FROM unnest(held) u) h
        ON h.lease = f.lease AND h.seq = f.seq;
    statuses := mh_settle(wanted.held, wanted.outcomes, wanted.results, wanted.errors, wanted.logs,
                          wanted.delays_ms);
    RETURN ARRAY(
        SELECT coalesce(s.status, -1)::smallint
        FROM generate_series(1, cardinality(seqs)) n
        LEFT JOIN unnest(wanted.places, statuses) s (place, status) ON s.place = n
        ORDER BY n);
END
$$;

-- All of one lease, in its order, completed: the common case under load. False, and nothing done,
-- where these are not exactly the jobs of the lease.
CREATE FUNCTION mh_finish_whole(lease_id bigint, seqs bigint[], results jsonb[]) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    held lease;
BEGIN
    DELETE FROM lease l WHERE l.id = lease_id AND l.seqs = mh_finish_whole.seqs
    RETURNING * INTO held;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO done (seq, started_at, completed_at, worker, status, attempts, result)
    SELECT u.seq, held.claimed_at, clock_timestamp(), held.worker, 'completed', u.attempt,
        u.result
    FROM unnest(held.seqs, held.attempts, results) u (seq, attempt, result);
    PERFORM mh_ended('completed', held.seqs, held.keyed);
    RETURN true;
END
$$;
