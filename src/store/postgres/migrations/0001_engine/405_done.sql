-- How rows of `done` that stand for runs are found, written and taken apart.

-- The row that a job is in. One step of the primary key; becomes a part of the query around it.
CREATE FUNCTION mh_end_of(job_seq bigint) RETURNS SETOF done
    LANGUAGE sql STABLE AS $$
    SELECT d.*
    FROM (SELECT q.* FROM done q WHERE q.seq BETWEEN job_seq - 63 AND job_seq
          ORDER BY q.seq DESC LIMIT 1) d
    WHERE job_seq < d.seq + d.n
$$;

-- How many of the jobs with these results make a row: a page of the table has four such rows.
CREATE FUNCTION mh_run_size(results jsonb[]) RETURNS int
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        greatest(1, least(64, 1900 * cardinality(results) / pg_column_size(results))), 64)
$$;

-- Writes those that ended, whatever their order: completed ones in runs, as far as they make any.
CREATE FUNCTION mh_append_ends(
    held held_job[], statuses smallint[], results jsonb[], moment timestamptz)
    RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    size int := mh_run_size(results);
BEGIN
    INSERT INTO done (seq, started_at, completed_at, worker, status, attempts, n, results)
    SELECT min(e.seq), e.started_at, moment, e.worker, mh_status(e.status), e.attempt, count(*),
        CASE e.status WHEN 2 THEN array_agg(e.result ORDER BY e.seq) END
    FROM (
        SELECT h.*, h.seq - row_number() OVER (PARTITION BY h.lease, h.status, h.attempt
                                               ORDER BY h.seq) AS run
        FROM unnest(held, statuses, results)
            h (lease, seq, lane, attempt, worker, started_at, special, status, result)
        WHERE h.status > 1) e
    GROUP BY e.lease, e.status, e.attempt, e.run, e.worker, e.started_at,
        CASE e.status WHEN 2 THEN e.seq / size ELSE e.seq END;
END
$$;

-- Takes these jobs out of `done` and gives those that were in it; what is left of a run is put
-- back. After mh_fold(true), for nobody else takes runs apart then.
CREATE FUNCTION mh_take_ends(job_seqs bigint[]) RETURNS TABLE (seq bigint, status job_status)
    LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY
        WITH cut AS (
            DELETE FROM done d
            WHERE d.seq = ANY (ARRAY(SELECT e.seq FROM unnest(job_seqs) u (seq),
                                         LATERAL mh_end_of(u.seq) e))
            RETURNING d.*),
        parts AS MATERIALIZED (
            SELECT c.seq AS first, c.status, m.seq, m.seq IN (SELECT unnest(job_seqs)) AS taken
            FROM cut c, generate_series(c.seq, c.seq + c.n - 1) m (seq)),
        rest AS (
            SELECT r.first, min(r.seq) AS seq, count(*) AS n
            FROM (SELECT p.*, p.seq - row_number() OVER (PARTITION BY p.first ORDER BY p.seq) AS run
                  FROM parts p WHERE NOT p.taken) r
            GROUP BY r.first, r.run),
        kept AS (
            INSERT INTO done (seq, started_at, completed_at, worker, status, attempts, n, results)
            SELECT r.seq, c.started_at, c.completed_at, c.worker, c.status, c.attempts, r.n,
                c.results[r.seq - c.seq + 1:r.seq - c.seq + r.n]
            FROM rest r JOIN cut c ON c.seq = r.first)
        SELECT p.seq, p.status FROM parts p WHERE p.taken;
END
$$;
