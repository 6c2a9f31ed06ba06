-- Finishes one running job by its id: through its lease, so that there is one fence. With a
-- worker's name only where that worker holds it. Gives whether it did. Walks `lease`.
CREATE FUNCTION mh_finish_by_hand(
    job_id uuid, outcome smallint, result jsonb, error text, delay_ms bigint, worker_id text)
    RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    held record;
BEGIN
    SELECT l.id AS lease, j.seq INTO held
    FROM job j JOIN lease l ON l.seqs @> ARRAY[j.seq] JOIN worker w ON w.number = l.worker
    WHERE j.id = job_id
        AND (mh_finish_by_hand.worker_id IS NULL OR w.name = mh_finish_by_hand.worker_id);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM mh_check_size('result', ARRAY[result], s.max_result_bytes) FROM setting s;
    RETURN (mh_finish(ARRAY[held.lease], ARRAY[held.seq], ARRAY[outcome], ARRAY[result],
                      ARRAY[error], NULL, ARRAY[delay_ms]))[1] >= 0;
END
$$;

CREATE FUNCTION complete_job(job_id uuid, result jsonb DEFAULT '{}', worker_id text DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN mh_finish_by_hand(job_id, 0::smallint, result, NULL, NULL, worker_id);
END
$$;

-- True: it will be tried again, after min(1 h, 1 s * 2^(attempts - 1)) and up to a quarter more.
-- False: it is a dead letter, or was not this worker's to fail.
CREATE FUNCTION fail_job(job_id uuid, error_msg text, worker_id text DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    attempt int := (SELECT q.attempts FROM job_queue q WHERE q.id = job_id);
    wait_ms bigint := least(3600000, 1000 * 2 ^ least(attempt - 1, 30)) * (1 + random() / 4);
BEGIN
    IF NOT mh_finish_by_hand(job_id, 1::smallint, NULL, error_msg, wait_ms, worker_id) THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM job_queue q WHERE q.id = job_id AND q.status = 'pending');
END
$$;

CREATE FUNCTION release_job(job_id uuid, worker_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF worker_id IS NULL THEN
        RETURN false;
    END IF;
    RETURN mh_finish_by_hand(job_id, 3::smallint, NULL, NULL, NULL, worker_id);
END
$$;

CREATE FUNCTION cancel_job(job_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN (SELECT a.what = 0 FROM mh_act(0::smallint, ARRAY[job_id]) a);
END
$$;

CREATE FUNCTION retry_job(job_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN (SELECT a.what = 0 FROM mh_act(1::smallint, ARRAY[job_id]) a);
END
$$;

CREATE FUNCTION reclaim_expired_jobs() RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN mh_reclaim(1000000);
END
$$;

-- Counts of the jobs visible to the caller.
CREATE FUNCTION get_queue_stats(
    OUT pending_count bigint, OUT processing_count bigint, OUT completed_count bigint,
    OUT failed_count bigint, OUT cancelled_count bigint, OUT oldest_pending_age interval)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    SELECT s.pending, s.processing, s.completed, s.failed, s.cancelled,
        CASE WHEN s.oldest_pending_ms >= 0 THEN s.oldest_pending_ms * interval '1 ms' END
    INTO pending_count, processing_count, completed_count, failed_count, cancelled_count,
        oldest_pending_age
    FROM mh_stats(NULL) s;
END
$$;
