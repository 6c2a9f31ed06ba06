-- The source: what leaves.

-- Deletes the jobs that still have their stamp, and notes them as gone to the peer; gives how many.
-- Locks what it takes, in the order of the jobs; holds back other deleters as mh_fold says.
CREATE FUNCTION mh_move_erase(peer uuid, run uuid, ids uuid[], stamps text[]) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    item record;
    gone bigint[] := '{}';
BEGIN
    PERFORM mh_fold(true);
    PERFORM mh_move_check(peer, run);
    FOR item IN
        SELECT j AS job, s.stamp
        FROM unnest(ids, stamps) u (id, stamp)
        JOIN mh_move_stamps(ids) s ON s.id = u.id AND s.stamp = u.stamp
        JOIN job j ON j.seq = s.seq
        ORDER BY j.seq
    LOOP
        IF mh_move_take(item.job, item.stamp) THEN
            gone := gone || (item.job).seq;
        END IF;
    END LOOP;
    INSERT INTO departure (peer, id)
    SELECT mh_move_erase.peer, j.id FROM job j WHERE j.seq = ANY (gone);
    PERFORM mh_erase(gone);
    RETURN cardinality(gone);
END
$$;

-- Takes a job that was just seen with this stamp out of wherever it is, so that nobody else can
-- have it; false: it runs, or has ended since. A job that has been elsewhere between our look and
-- our taking makes the caller begin again.
CREATE FUNCTION mh_move_take(target job, stamp text) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    ended    done;
    found_at record;
    now_like text;
BEGIN
    SELECT * INTO ended FROM done d
    WHERE d.seq = (SELECT e.seq FROM mh_end_of(target.seq) e) FOR UPDATE;
    IF FOUND THEN
        RETURN mh_move_stamp(target, mh_status_number(ended.status), ended.attempts) = stamp;
    END IF;
    found_at := mh_pull(target.seq, target.lane, false);
    IF found_at.origin IS NULL OR found_at.origin = 'lease' THEN
        RETURN false;
    END IF;
    SELECT mh_move_stamp(j, 0::smallint, (found_at.pulled).attempt) INTO now_like
    FROM job j WHERE j.seq = target.seq;
    IF now_like IS DISTINCT FROM stamp THEN
        RAISE serialization_failure USING MESSAGE = 'a job changed meanwhile: try again';
    END IF;
    RETURN true;
END
$$;

-- Up to `most` of those noted as gone to the peer.
CREATE FUNCTION mh_move_erased(peer uuid, run uuid, most int) RETURNS SETOF uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_move_check(peer, run);
    RETURN QUERY SELECT d.id FROM departure d WHERE d.peer = mh_move_erased.peer LIMIT most;
END
$$;

CREATE FUNCTION mh_move_forget(peer uuid, run uuid, ids uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET enable_seqscan = off AS $$
BEGIN
    PERFORM mh_move_check(peer, run);
    DELETE FROM departure d WHERE d.peer = mh_move_forget.peer AND d.id = ANY (ids);
END
$$;
