-- Records of jobs, newest first, as the filter has it (null: any) and visible to the asker. See
-- ENGINE.md. The first row is the head: where the next page goes on. Beside the page itself
-- (mh_page) searches by primary keys, and walks `lease` once.
CREATE FUNCTION mh_list(
    want_status smallint, want_type text, want_tenant uuid, want_ids uuid[], before bigint,
    max_rows int, bodies boolean, looks int DEFAULT 3000)
    RETURNS TABLE (
        cursor bigint, seq bigint, id uuid, tenant_id uuid, type text, status smallint,
        priority int, payload jsonb, result jsonb, error text, progress real, worker_id text,
        attempts int, max_attempts int, run_at timestamptz, next_retry_at timestamptz,
        unique_key text, correlation_id text, created_at timestamptz, started_at timestamptz,
        completed_at timestamptz, traceparent text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    every boolean := want_type IS NULL;
    lanes int[] := ARRAY(SELECT l.id FROM lane l WHERE every OR l.type = want_type);
    page  bigint[] := '{}';
    fit   bigint[];
BEGIN
    before := coalesce(before, 9223372036854775807);
    IF NOT mh_sees_all() THEN
        want_tenant := coalesce(want_tenant, mh_my_tenant());
        IF want_tenant IS DISTINCT FROM mh_my_tenant() OR want_tenant IS NULL THEN
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    IF want_ids IS NULL THEN
        SELECT p.page, p.stop INTO page, cursor
        FROM mh_page(want_status, lanes, every, want_tenant, before, max_rows + 1, looks) p;
    ELSE
        page := mh_passing(
            ARRAY(SELECT DISTINCT j.seq
                  FROM unnest(want_ids) u (id),
                      LATERAL (SELECT q.seq FROM job q WHERE q.id = u.id OFFSET 0) j
                  WHERE j.seq < before ORDER BY j.seq DESC),
            want_status, CASE WHEN NOT every THEN lanes END, want_tenant);
    END IF;
    IF cardinality(page) > max_rows THEN
        page := page[1:max_rows];
        cursor := page[max_rows];
    END IF;
    IF bodies AND coalesce(cardinality(want_ids) > 16, true) THEN -- see ENGINE.md
        fit := mh_fitting(page);
        IF cardinality(fit) < cardinality(page) THEN
            page := fit;
            cursor := fit[cardinality(fit)];
        END IF;
    END IF;
    RETURN NEXT;
    RETURN QUERY
        SELECT NULL::bigint, j.seq, j.id, j.tenant_id, n.type, s.status, n.priority,
            CASE WHEN bodies THEN j.payload END,
            CASE WHEN bodies THEN d.results[j.seq - d.seq + 1] END,
            CASE WHEN s.status <> 2 THEN a.error END, p.value,
            (SELECT w.name FROM worker w
             WHERE w.number = coalesce(
                 d.worker, l.worker, CASE WHEN l.seq IS NULL THEN a.worker END)),
            coalesce(d.attempts, l.attempt, m.attempt, c.attempt, 0)::int,
            j.max_attempts::int, coalesce(j.run_at, j.created_at),
            CASE WHEN m.retry OR c.retry THEN j.run_at END,
            j.unique_key, coalesce(j.correlation_id, j.id::text), j.created_at,
            coalesce(d.started_at, l.claimed_at, CASE WHEN l.seq IS NULL THEN a.started_at END),
            d.completed_at, j.traceparent
        FROM unnest(page) u (seq)
        CROSS JOIN LATERAL (SELECT q.* FROM job q WHERE q.seq = u.seq OFFSET 0) j
        JOIN lane n ON n.id = j.lane
        LEFT JOIN LATERAL mh_end_of(j.seq) d ON true
        LEFT JOIN ready m ON m.seq = j.seq AND m.pos <> m.seq
        LEFT JOIN scheduled c ON c.seq = j.seq
        LEFT JOIN (
            SELECT r.seq, r.attempt, e.worker, e.claimed_at
            FROM lease e, unnest(e.seqs, e.attempts) r (seq, attempt)
            WHERE e.seqs && page) l ON l.seq = j.seq
        LEFT JOIN progress p ON p.seq = j.seq
        LEFT JOIN LATERAL (SELECT t.* FROM attempt t WHERE t.seq = j.seq
                           ORDER BY t.lease DESC LIMIT 1) a ON true
        CROSS JOIN LATERAL (SELECT CASE
            WHEN d.seq IS NOT NULL THEN mh_status_number(d.status)
            WHEN l.seq IS NOT NULL THEN 1::smallint ELSE 0::smallint END AS status) s
        ORDER BY j.seq DESC;
END
$$;

-- The first of these jobs, newest first, whose payloads and results are 64 MiB when printed, or a
-- little more. By primary keys.
CREATE FUNCTION mh_fitting(page bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT f.seq
        FROM (
            SELECT b.seq, sum(b.size) OVER (ORDER BY b.seq DESC) - b.size AS before
            FROM (
                SELECT j.seq, octet_length(j.payload::text)
                    + coalesce(octet_length(d.results[j.seq - d.seq + 1]::text), 0) AS size
                FROM unnest(page) u (seq)
                JOIN job j ON j.seq = u.seq
                LEFT JOIN LATERAL mh_end_of(j.seq) d ON true) b) f
        WHERE f.before < 67108864);
END
$$;

-- The attempts of a job that did not succeed, oldest first. By the primary key of `attempt`.
CREATE FUNCTION mh_attempts(job_id uuid)
    RETURNS TABLE (number int, worker_id text, started_at timestamptz, ended_at timestamptz,
                   outcome text, error text, log text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET jit = off SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY
        SELECT a.number::int, w.name, a.started_at, a.ended_at, a.outcome, a.error, a.log
        FROM job j
        JOIN attempt a ON a.seq = j.seq
        LEFT JOIN worker w ON w.number = a.worker
        WHERE j.id = job_id AND (mh_sees_all() OR j.tenant_id = mh_my_tenant())
        ORDER BY a.lease;
END
$$;
