-- The status of a job as it is now, not as the snapshot of the query has it: a claimer by hand that
-- waited for a row lock must not take what is gone. Volatile inside, for a fresh snapshot; stable
-- outside, for a view with a volatile function cannot be flattened.
CREATE FUNCTION mh_status_fresh(job_seq bigint) RETURNS job_status
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    ended job_status;
BEGIN
    IF EXISTS (SELECT FROM lease l WHERE l.seqs @> ARRAY[job_seq]) THEN
        RETURN 'processing';
    END IF;
    SELECT d.status INTO ended FROM mh_end_of(job_seq) d;
    IF FOUND THEN
        RETURN ended;
    END IF;
    IF EXISTS (SELECT FROM job j WHERE j.seq = job_seq) THEN
        RETURN 'pending';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION mh_status_now(job_seq bigint) RETURNS job_status
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN mh_status_fresh(job_seq);
END
$$;

-- Jobs as the contract has them. One table in FROM and scalar subqueries only, so that FOR UPDATE
-- SKIP LOCKED locks one row of `job` at a time; for the same reason it is no security_barrier
-- view, which would lock each row that it filters: `migrate --roles` gives it to a role that the
-- policy of `job` binds. FOR UPDATE looks again at a row only where the row was updated, and
-- status is in other tables: so a claim through the view marks the job as touched, and a touched
-- job is asked its status.
--
-- A page of it costs primary keys; a search by status computes the status of every job.
CREATE VIEW job_queue AS
SELECT
    j.id,
    j.tenant_id,
    (SELECT l.type FROM lane l WHERE l.id = j.lane) AS type,
    CASE
        WHEN j.touched THEN mh_status_now(j.seq)
        ELSE coalesce(
            (SELECT d.status FROM done d
             WHERE d.seq BETWEEN j.seq - 63 AND j.seq AND j.seq < d.seq + d.n
             ORDER BY d.seq DESC LIMIT 1),
            CASE WHEN EXISTS (SELECT FROM ready r
                              WHERE r.lane = j.lane AND r.pos BETWEEN j.seq & -64 AND j.seq
                                  AND r.pos = r.seq AND (r.seq = j.seq OR j.seq = ANY (r.more)))
                    OR EXISTS (SELECT FROM ready r WHERE r.seq = j.seq AND r.pos <> r.seq)
                    OR EXISTS (SELECT FROM scheduled s WHERE s.seq = j.seq)
                THEN 'pending'::job_status
                ELSE 'processing'::job_status END)
    END AS status,
    (SELECT l.priority FROM lane l WHERE l.id = j.lane) AS priority,
    j.payload,
    (SELECT d.results[j.seq - d.seq + 1] FROM done d
     WHERE d.seq BETWEEN j.seq - 63 AND j.seq AND j.seq < d.seq + d.n
     ORDER BY d.seq DESC LIMIT 1) AS result,
    CASE WHEN (SELECT d.status FROM done d
               WHERE d.seq BETWEEN j.seq - 63 AND j.seq AND j.seq < d.seq + d.n
               ORDER BY d.seq DESC LIMIT 1) IS DISTINCT FROM 'completed'
        THEN (SELECT a.error FROM attempt a WHERE a.seq = j.seq ORDER BY a.lease DESC LIMIT 1)
    END AS error,
    (SELECT p.value FROM progress p WHERE p.seq = j.seq) AS progress,
    (SELECT w.name FROM worker w WHERE w.number = coalesce(
        (SELECT d.worker FROM done d
         WHERE d.seq BETWEEN j.seq - 63 AND j.seq AND j.seq < d.seq + d.n
         ORDER BY d.seq DESC LIMIT 1),
        (SELECT l.worker FROM lease l WHERE l.seqs @> ARRAY[j.seq]),
        (SELECT a.worker FROM attempt a WHERE a.seq = j.seq ORDER BY a.lease DESC LIMIT 1)
    )) AS worker_id,
    coalesce(
        (SELECT d.attempts FROM done d
         WHERE d.seq BETWEEN j.seq - 63 AND j.seq AND j.seq < d.seq + d.n
         ORDER BY d.seq DESC LIMIT 1),
        (SELECT r.attempt FROM ready r WHERE r.seq = j.seq AND r.pos <> r.seq),
        (SELECT s.attempt FROM scheduled s WHERE s.seq = j.seq),
        (SELECT l.attempts[array_position(l.seqs, j.seq)] FROM lease l
         WHERE l.seqs @> ARRAY[j.seq]),
        0)::int AS attempts,
    j.max_attempts::int AS max_attempts,
    coalesce(j.run_at, j.created_at) AS run_at,
    CASE WHEN EXISTS (SELECT FROM scheduled s WHERE s.seq = j.seq AND s.retry)
            OR EXISTS (SELECT FROM ready r WHERE r.seq = j.seq AND r.pos <> r.seq AND r.retry)
        THEN j.run_at
    END AS next_retry_at,
    j.unique_key,
    coalesce(j.correlation_id, j.id::text) AS correlation_id,
    j.created_at,
    coalesce(
        (SELECT d.started_at FROM done d
         WHERE d.seq BETWEEN j.seq - 63 AND j.seq AND j.seq < d.seq + d.n
         ORDER BY d.seq DESC LIMIT 1),
        (SELECT l.claimed_at FROM lease l WHERE l.seqs @> ARRAY[j.seq]),
        (SELECT a.started_at FROM attempt a WHERE a.seq = j.seq ORDER BY a.lease DESC LIMIT 1)
    ) AS started_at,
    (SELECT d.completed_at FROM done d
     WHERE d.seq BETWEEN j.seq - 63 AND j.seq AND j.seq < d.seq + d.n
     ORDER BY d.seq DESC LIMIT 1) AS completed_at,
    j.traceparent
FROM job j;
