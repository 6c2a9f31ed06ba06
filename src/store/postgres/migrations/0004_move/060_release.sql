-- The target: what becomes of the jobs that are held.

-- Takes these jobs out of the leases of nobody, and gives those that were still in one.
CREATE FUNCTION mh_move_unhold(wanted bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql AS $$
DECLARE
    lease_id bigint;
    taken    bigint[] := '{}';
BEGIN
    FOR lease_id IN SELECT l.id FROM lease l WHERE l.worker = 0 AND l.seqs && wanted
                    ORDER BY l.id LOOP
        taken := taken || ARRAY(SELECT t.seq FROM unnest(mh_take(lease_id, wanted)) t);
    END LOOP;
    RETURN taken;
END
$$;

-- The jobs become what they were: pending ones are scheduled, also where they are due already, so
-- that they are claimed in the order of becoming due; the others have ended. One that was cancelled
-- meanwhile stays so. Gives how many it released. Wakes workers.
CREATE FUNCTION mh_move_release(peer uuid, run uuid, ids uuid[]) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    wanted bigint[];
    taken  bigint[];
    ended  record;
BEGIN
    PERFORM mh_move_check(peer, run);
    wanted := ARRAY(
        SELECT a.seq FROM unnest(ids) u (id) JOIN job j ON j.id = u.id
            JOIN arrival a ON a.seq = j.seq
        WHERE a.peer = mh_move_release.peer);
    taken := mh_move_unhold(wanted);
    PERFORM mh_enter();
    INSERT INTO scheduled (seq, run_at, lane, attempt, special, retry)
    SELECT j.seq, coalesce(j.run_at, j.created_at), j.lane, a.attempts,
        j.unique_key IS NOT NULL OR octet_length(j.payload::text) > 65536, a.retry
    FROM arrival a JOIN job j ON j.seq = a.seq
    WHERE a.seq = ANY (taken) AND a.status = 'pending';
    INSERT INTO done (seq, started_at, completed_at, worker, status, attempts, results)
    SELECT a.seq, a.started_at, a.completed_at, a.worker, a.status, a.attempts, ARRAY[a.result]
    FROM arrival a
    WHERE a.seq = ANY (taken) AND a.status <> 'pending';
    FOR ended IN
        SELECT a.status, array_agg(a.seq) AS seqs FROM arrival a
        WHERE a.seq = ANY (taken) AND a.status <> 'pending'
        GROUP BY a.status
    LOOP
        PERFORM mh_ended(ended.status, ended.seqs, false);
    END LOOP;
    DELETE FROM arrival a WHERE a.seq = ANY (wanted);
    PERFORM mh_wake();
    RETURN cardinality(taken);
END
$$;

-- Deletes up to `most` jobs that are held for the peer, and gives how many it looked at; one that
-- was cancelled meanwhile stays.
CREATE FUNCTION mh_move_drop(peer uuid, run uuid, most int) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    wanted bigint[];
BEGIN
    PERFORM mh_fold(true);
    PERFORM mh_move_check(peer, run);
    wanted := ARRAY(SELECT a.seq FROM arrival a WHERE a.peer = mh_move_drop.peer LIMIT most);
    PERFORM mh_erase(mh_move_unhold(wanted));
    DELETE FROM arrival a WHERE a.seq = ANY (wanted);
    RETURN cardinality(wanted);
END
$$;

DO $$ BEGIN PERFORM mh_lock_down(); END $$;
