-- Adds up what ended, so that reading the counts stays cheap. One at a time: with `wait`, after the
-- others; without, not at all where another does it. Walks `uncounted`, and for each job in it the
-- primary key of `job`.
--
-- Whoever deletes jobs calls it first, with `wait`, before any other lock that somebody who waits
-- for this one may hold, and so holds it back for others until the end: a job that is gone can no
-- longer be counted.
CREATE FUNCTION mh_fold(wait boolean) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF wait THEN
        PERFORM pg_advisory_xact_lock('tally'::regclass::oid::int, 0);
    ELSIF NOT pg_try_advisory_xact_lock('tally'::regclass::oid::int, 0) THEN
        RETURN;
    END IF;
    WITH taken AS (DELETE FROM uncounted RETURNING status, n, seqs)
    INSERT INTO tally AS t (tenant_id, lane, status, n)
    SELECT j.tenant_id, j.lane, c.status, sum(c.n)
    FROM taken c, unnest(c.seqs) u (seq),
        LATERAL (SELECT q.tenant_id, q.lane FROM job q WHERE q.seq = u.seq OFFSET 0) j
    GROUP BY j.tenant_id, j.lane, c.status
    ON CONFLICT (tenant_id, lane, status) DO UPDATE SET n = t.n + excluded.n;
END
$$;

-- Adds up what was dispatched, as far as it is settled. Not at all where another does it, where
-- somebody has deleted jobs and not committed yet, and in a transaction that keeps its first
-- snapshot and may not see all. Walks the primary key of `job` from where the last one stopped.
CREATE FUNCTION mh_fold_new() RETURNS void
    LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    mark  bigint := mh_mark();
    since bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
    END IF;
    SELECT c.upto INTO since FROM counted c WHERE c.upto < mark FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO tally AS t (tenant_id, lane, status, n)
    SELECT j.tenant_id, j.lane, 'pending', count(*)
    FROM job j WHERE j.seq > since AND j.seq <= mark
    GROUP BY j.tenant_id, j.lane
    ON CONFLICT (tenant_id, lane, status) DO UPDATE SET n = t.n + excluded.n;
    UPDATE counted c SET upto = mark;
END
$$;

-- A job has gone from one lane to another: so does its count.
CREATE FUNCTION mh_fold_moved(target job, old_lane int) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    mark bigint;
BEGIN
    SELECT c.upto INTO mark FROM counted c FOR SHARE;
    INSERT INTO tally AS t (tenant_id, lane, status, n)
    SELECT target.tenant_id, m.lane, 'pending', m.n
    FROM (VALUES (old_lane, -1), (target.lane, 1)) m (lane, n)
    WHERE target.seq <= mark AND target.lane <> old_lane
    ORDER BY m.lane
    ON CONFLICT (tenant_id, lane, status) DO UPDATE SET n = t.n + excluded.n;
END
$$;

-- Deletes jobs, none of which is in `ready`, `scheduled` or a lease any more, and all that is known
-- of them. By primary keys. After mh_fold(true).
CREATE FUNCTION mh_erase(job_seqs bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
DECLARE
    mark bigint;
BEGIN
    PERFORM mh_drop_keys(job_seqs);
    IF EXISTS (SELECT FROM uncounted u WHERE u.seqs && job_seqs) THEN
        PERFORM mh_fold(true);
    END IF;
    -- From here on mh_fold_new counts none of them. A transaction that keeps its first snapshot
    -- fails where that is too old.
    SELECT c.upto INTO mark FROM counted c FOR SHARE;
    WITH gone AS (
        SELECT * FROM mh_take_ends(job_seqs)),
    fewer AS (
        SELECT j.tenant_id, j.lane, g.status, count(*) AS n
        FROM gone g JOIN job j ON j.seq = g.seq
        GROUP BY j.tenant_id, j.lane, g.status
        UNION ALL
        SELECT j.tenant_id, j.lane, 'pending', count(*)
        FROM job j WHERE j.seq = ANY (job_seqs) AND j.seq <= mark
        GROUP BY j.tenant_id, j.lane)
    -- Not an UPDATE ... FROM: where that waits for a row, it looks for what belongs to it anew, and
    -- finds nothing of a union.
    INSERT INTO tally AS t (tenant_id, lane, status, n)
    SELECT f.tenant_id, f.lane, f.status, -f.n FROM fewer f
    ORDER BY f.tenant_id, f.lane, f.status
    ON CONFLICT (tenant_id, lane, status) DO UPDATE SET n = t.n + excluded.n;
    DELETE FROM attempt a WHERE a.seq = ANY (job_seqs);
    DELETE FROM progress p WHERE p.seq = ANY (job_seqs);
    DELETE FROM job j WHERE j.seq = ANY (job_seqs);
END
$$;

-- Deletes up to `max_jobs` jobs that ended longer ago than these ages (0: kept for ever); gives how
-- many. One at a time: nothing where another does it.
--
-- Walks at most 5,000 rows of `done` by its primary key, on from where the last call stopped, so
-- that its price does not grow with what is kept. It begins anew behind the last row, and where
-- jobs begin that were dispatched too late to have ended so long ago. Locks the rows it deletes and
-- skips those that others have; of a run it may leave the end for the next call.
CREATE FUNCTION mh_prune(ended_ms bigint, failed_ms bigint, max_jobs int) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    ended  timestamptz := CASE WHEN ended_ms > 0 THEN moment - ended_ms * interval '1 ms' END;
    failed timestamptz := CASE WHEN failed_ms > 0 THEN moment - failed_ms * interval '1 ms' END;
    mark   bigint;
    old    bigint[]; -- rows
    n      int; -- jobs in them, up to `last`
    last   bigint;
    jobs   bigint[];
BEGIN
    IF ended IS NULL AND failed IS NULL THEN
        RETURN 0;
    END IF;
    SELECT s.pruned_to INTO mark FROM setting s FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    PERFORM mh_fold(true);
    SELECT array_agg(DISTINCT w.first), count(*), max(w.seq) INTO old, n, last
    FROM (SELECT d.seq AS first, m.seq
          FROM (SELECT * FROM done q WHERE q.seq > mark ORDER BY q.seq LIMIT 5000) d,
              generate_series(d.seq, d.seq + d.n - 1) m (seq)
          WHERE d.completed_at < CASE d.status WHEN 'failed' THEN failed ELSE ended END
          LIMIT max_jobs) w;
    IF n = max_jobs THEN
        mark := last;
    ELSE
        mark := coalesce((
            SELECT CASE WHEN j.created_at < greatest(ended, failed) THEN j.seq END
            FROM (SELECT q.seq FROM done q WHERE q.seq > mark
                  ORDER BY q.seq OFFSET 4999 LIMIT 1) d
            JOIN job j ON j.seq = d.seq), 0);
    END IF;
    UPDATE setting s SET pruned_to = mark WHERE s.pruned_to <> mark;
    jobs := ARRAY(
        SELECT m.seq
        FROM (SELECT q.* FROM done q WHERE q.seq = ANY (old) FOR UPDATE SKIP LOCKED) d,
            generate_series(d.seq, least(d.seq + d.n - 1, last)) m (seq));
    PERFORM mh_erase(jobs);
    RETURN cardinality(jobs);
END
$$;

-- What any worker does now and then for all: adds up what ended, raises the low marks of lanes, so
-- that claims that begin there do not walk what has long been claimed, and lets go of old events.
-- Nothing where another does it.
CREATE FUNCTION mh_upkeep() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    mark bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock('lane'::regclass::oid::int, 0) THEN
        RETURN;
    END IF;
    PERFORM mh_fold(false);
    PERFORM mh_fold_new();
    mark := mh_mark();
    UPDATE lane l SET low = f.low
    FROM (SELECT k.id, least(mark, (SELECT r.pos - 1 FROM ready r
                                    WHERE r.lane = k.id AND r.pos > k.low
                                    ORDER BY r.pos LIMIT 1)) AS low
          FROM lane k) f
    WHERE f.id = l.id AND f.low > l.low;
    PERFORM mh_turn_events();
END
$$;
