-- Ends the leases of silent workers: their attempts count as failed with "lease expired", without
-- backoff. At most `max_jobs` jobs; gives how many. Walks `lease`, which has a row per claim that
-- runs; locks those it ends, in the order of their numbers, and skips those that others have. A
-- silent worker that holds nothing any more is known no longer.
CREATE FUNCTION mh_reclaim(max_jobs int) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    held  lease;
    taken held_job[] := '{}';
BEGIN
    FOR held IN
        SELECT l.*
        FROM lease l JOIN worker w ON w.number = l.worker
        WHERE mh_lease_end(l, w.beat_at) < clock_timestamp()
        ORDER BY l.id
        FOR UPDATE OF l SKIP LOCKED
    LOOP
        EXIT WHEN cardinality(taken) >= max_jobs;
        taken := taken || mh_take(held.id, held.seqs[1:max_jobs - cardinality(taken)]);
    END LOOP;
    PERFORM mh_settle_all(taken, 5, NULL);
    UPDATE worker w SET gone_at = clock_timestamp()
    WHERE w.gone_at IS NULL
        AND w.beat_at + w.lease_ms * interval '1 ms' < clock_timestamp()
        AND NOT EXISTS (SELECT FROM lease l WHERE l.worker = w.number);
    RETURN cardinality(taken);
END
$$;
