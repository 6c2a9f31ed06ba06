-- INSERT, UPDATE and DELETE on the view, each by the same functions as everybody's. A change that
-- the life of a job does not know is an error; one that lost a race changes no row.
--
-- Working (processing and what follows it) takes the right to claim, everything else the right to
-- cancel, so that a worker can do no more than work, and others cannot.

CREATE FUNCTION mh_job_queue_write() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
BEGIN
    CASE tg_op
        WHEN 'INSERT' THEN RETURN mh_view_insert(new);
        WHEN 'DELETE' THEN RETURN mh_view_delete(old);
        WHEN 'UPDATE' THEN RETURN mh_view_update(old, new);
    END CASE;
END
$$;

CREATE TRIGGER job_queue_write INSTEAD OF INSERT OR UPDATE OR DELETE ON job_queue
    FOR EACH ROW EXECUTE FUNCTION mh_job_queue_write();

-- Refuses an asker who may not do what this function does.
CREATE FUNCTION mh_check_may(function regproc) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT mh_may(function) THEN
        RAISE insufficient_privilege USING MESSAGE = 'permission denied for this change of a job';
    END IF;
END
$$;

CREATE FUNCTION mh_view_insert(row_ job_queue) RETURNS job_queue
    LANGUAGE plpgsql AS $$
DECLARE
    given uuid := coalesce(row_.id, mh_uuid_v7());
    made  uuid;
BEGIN
    PERFORM mh_check_may('dispatch_job');
    IF row_.status IS NOT NULL AND row_.status <> 'pending' THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = 'a job begins as pending';
    END IF;
    made := mh_dispatch_one(given, coalesce(row_.tenant_id, mh_my_tenant()), row_.type,
        coalesce(row_.payload, '{}'), row_.priority, row_.max_attempts, NULL,
        row_.run_at, row_.unique_key, row_.correlation_id, row_.traceparent, true);
    IF made <> given THEN
        RETURN NULL;
    END IF;
    SELECT * INTO row_ FROM job_queue q WHERE q.id = made;
    RETURN row_;
END
$$;

CREATE FUNCTION mh_view_delete(row_ job_queue) RETURNS job_queue
    LANGUAGE plpgsql AS $$
DECLARE
    acted record;
BEGIN
    PERFORM mh_check_may('cancel_job');
    SELECT * INTO acted FROM mh_act(2::smallint, ARRAY[row_.id]);
    IF acted.what = 2 THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = 'the job is processing';
    END IF;
    IF acted.what <> 0 THEN
        RETURN NULL;
    END IF;
    RETURN row_;
END
$$;

CREATE FUNCTION mh_view_update(was job_queue, row_ job_queue) RETURNS job_queue
    LANGUAGE plpgsql AS $$
DECLARE
    changed boolean;
BEGIN
    IF (row_.id, row_.tenant_id, row_.type, row_.payload, row_.unique_key, row_.correlation_id,
        row_.traceparent, row_.max_attempts, row_.created_at)
        IS DISTINCT FROM
       (was.id, was.tenant_id, was.type, was.payload, was.unique_key, was.correlation_id,
        was.traceparent, was.max_attempts, was.created_at) THEN
        RAISE feature_not_supported USING
            MESSAGE = 'of a job only status, result, error, progress, run_at and priority change';
    END IF;
    IF row_.status = 'processing' OR was.status = 'processing' AND row_.status <> 'cancelled' THEN
        PERFORM mh_check_may('mh_claim');
    ELSE
        PERFORM mh_check_may('cancel_job');
    END IF;
    changed := CASE
        WHEN was.status = row_.status THEN mh_view_adjust(was, row_)
        WHEN row_.status = 'cancelled' THEN cancel_job(was.id)
        WHEN was.status = 'pending' AND row_.status = 'processing'
            THEN mh_view_claim(was, row_.worker_id)
        WHEN was.status = 'processing' AND row_.status = 'completed'
            THEN complete_job(was.id, row_.result)
        WHEN was.status = 'processing' AND row_.status = 'failed'
            THEN mh_finish_by_hand(was.id, 2::smallint, NULL, row_.error, NULL, NULL)
        WHEN was.status = 'processing' AND row_.status = 'pending'
            THEN mh_view_again(was, row_)
        WHEN was.status IN ('failed', 'cancelled') AND row_.status = 'pending'
            THEN retry_job(was.id)
        END;
    IF changed IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('%s cannot become %s', was.status, row_.status);
    END IF;
    IF NOT changed THEN
        RETURN NULL;
    END IF;
    SELECT * INTO row_ FROM job_queue q WHERE q.id = was.id;
    RETURN row_;
END
$$;

-- The classic claim: the job leaves `ready` for a lease of its own, five minutes long
-- unless the worker of that name says otherwise. Others that saw it as pending look again
-- because it is touched.
CREATE FUNCTION mh_view_claim(was job_queue, worker_id text) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    target   job;
    found_at record;
    pulled   held_job;
    claimer  int;
BEGIN
    IF worker_id IS NULL THEN
        RAISE not_null_violation USING MESSAGE = 'worker_id: is required to claim a job';
    END IF;
    IF was.run_at > clock_timestamp() THEN
        RETURN false;
    END IF;
    SELECT * INTO target FROM job j WHERE j.id = was.id;
    IF NOT FOUND OR NOT mh_admits(target) THEN
        RETURN false;
    END IF;
    found_at := mh_pull(target.seq, target.lane, false);
    IF found_at.origin IS NULL OR found_at.origin = 'lease' THEN
        RETURN false;
    END IF;
    pulled := found_at.pulled;
    claimer := mh_worker_by_name(worker_id, 300000);
    UPDATE job j SET touched = true WHERE j.seq = target.seq;
    INSERT INTO lease (claimed_at, lease_ms, worker, special, gated, seqs, lanes, attempts)
    VALUES (clock_timestamp(), (SELECT w.lease_ms FROM worker w WHERE w.number = claimer), claimer,
            pulled.special,
            EXISTS (SELECT FROM lane l JOIN type t ON t.name = l.type
                    WHERE l.id = pulled.lane AND t.gated),
            ARRAY[pulled.seq], ARRAY[pulled.lane],
            ARRAY[(pulled.attempt + 1)::smallint]);
    IF mh_followed() THEN
        PERFORM mh_tell(1, claimer, ARRAY[target.seq], ARRAY[(pulled.attempt + 1)::smallint]);
    END IF;
    RETURN true;
END
$$;

-- Processing becomes pending: a failed attempt where there is an error, handed back where there is
-- none. Due at next_retry_at or run_at, whichever was changed, or at once.
CREATE FUNCTION mh_view_again(was job_queue, row_ job_queue) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    due     timestamptz := coalesce(
        row_.next_retry_at, CASE WHEN row_.run_at <> was.run_at THEN row_.run_at END);
    wait_ms bigint := greatest(0, extract(epoch FROM due - clock_timestamp()) * 1000);
    outcome smallint := CASE
        WHEN row_.error IS DISTINCT FROM was.error THEN 1 WHEN due IS NULL THEN 3 ELSE 4 END;
BEGIN
    RETURN mh_finish_by_hand(was.id, outcome, NULL, row_.error, wait_ms, NULL);
END
$$;

-- The status stays: progress of a running job, run_at and priority of a pending one, which goes
-- behind its equals.
CREATE FUNCTION mh_view_adjust(was job_queue, row_ job_queue) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    target   job;
    found_at record;
    pulled   held_job;
    moment   timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO target FROM job j WHERE j.id = was.id;
    IF was.status = 'processing' THEN
        IF row_.progress IS NOT DISTINCT FROM was.progress THEN
            RETURN true;
        END IF;
        RETURN EXISTS (
            SELECT FROM lease l,
                mh_note(ARRAY[l.id], ARRAY[target.seq], ARRAY[row_.progress], NULL, NULL) n
            WHERE l.seqs @> ARRAY[target.seq] AND row_.progress BETWEEN 0 AND 1
                AND n.accepted > 0);
    END IF;
    IF was.status <> 'pending' THEN
        RETURN NULL;
    END IF;
    IF row_.run_at = was.run_at AND row_.priority = was.priority THEN
        RETURN true;
    END IF;
    found_at := mh_pull(target.seq, target.lane, false);
    IF found_at.origin IS NULL OR found_at.origin = 'lease' THEN
        RETURN false;
    END IF;
    pulled := found_at.pulled;
    PERFORM mh_enter();
    UPDATE job j
    SET run_at = row_.run_at, touched = true,
        lane = CASE WHEN row_.priority = was.priority THEN j.lane
               ELSE mh_lane(was.type, row_.priority) END
    WHERE j.seq = target.seq
    RETURNING * INTO target;
    PERFORM mh_fold_moved(target, pulled.lane);
    IF row_.run_at > moment THEN
        INSERT INTO scheduled (seq, run_at, lane, attempt, special)
        VALUES (target.seq, row_.run_at, target.lane, pulled.attempt, pulled.special);
    ELSE
        INSERT INTO ready (pos, seq, lane, attempt, special, due_at)
        VALUES (nextval('pos'), target.seq, target.lane, pulled.attempt, pulled.special,
                clock_timestamp());
    END IF;
    PERFORM mh_wake();
    RETURN true;
END
$$;
