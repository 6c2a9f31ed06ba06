-- Pages of jobs, newest first: which jobs are on one. Each takes the lanes and the tenant (null:
-- any) that count, and gives up to `n` seqs below `before`.

-- Jobs of any status. With a tenant by job_tenant, one walk for each lane. Without one by the
-- primary key; a type that is not among the newest few is looked for tenant by tenant, where that
-- is less than walking on.
CREATE FUNCTION mh_page_any(lanes int[], every_lane boolean, want_tenant uuid, before bigint, n int)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    page bigint[];
BEGIN
    IF want_tenant IS NULL THEN
        IF every_lane THEN
            RETURN ARRAY(SELECT j.seq FROM job j WHERE j.seq < before ORDER BY j.seq DESC LIMIT n);
        END IF;
        page := ARRAY(
            SELECT w.seq
            FROM (SELECT j.seq, j.lane FROM job j WHERE j.seq < before
                  ORDER BY j.seq DESC LIMIT 2000) w
            WHERE w.lane = ANY (lanes)
            ORDER BY w.seq DESC LIMIT n);
        IF cardinality(page) = n THEN
            RETURN page;
        END IF;
        IF cardinality(lanes) * (SELECT count(*) FROM (SELECT FROM tenant LIMIT 5001) t) > 5000 THEN
            RETURN ARRAY(SELECT j.seq FROM job j WHERE j.seq < before AND j.lane = ANY (lanes)
                         ORDER BY j.seq DESC LIMIT n);
        END IF;
    END IF;
    RETURN ARRAY(
        SELECT w.seq
        FROM (SELECT want_tenant AS id WHERE want_tenant IS NOT NULL
              UNION ALL SELECT t.id FROM tenant t WHERE want_tenant IS NULL) t,
            unnest(lanes) u (lane),
            LATERAL (SELECT j.seq FROM job j
                     WHERE j.tenant_id = t.id AND j.lane = u.lane AND j.seq < before
                     ORDER BY j.seq DESC LIMIT n) w
        ORDER BY w.seq DESC LIMIT n);
END
$$;

-- Of these jobs, newest first, those that are completed, or (`ended` false) those that are pending.
CREATE FUNCTION mh_only(seqs bigint[], ended boolean) RETURNS bigint[]
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT u.seq
        FROM unnest(seqs) u (seq)
        LEFT JOIN LATERAL (SELECT q.status FROM done q WHERE q.seq = u.seq OFFSET 0) d ON true
        WHERE CASE WHEN ended THEN d.status = 'completed'
              ELSE d.status IS NULL AND u.seq NOT IN (SELECT unnest(l.seqs) FROM lease l) END
        ORDER BY u.seq DESC);
END
$$;

-- Walks the jobs that have these lanes and this tenant, newest first, for those that are completed
-- (or pending): up to `most` of them, which then is what the page may lack.
CREATE FUNCTION mh_page_walk(
    lanes int[], every_lane boolean, want_tenant uuid, before bigint, n int, ended boolean,
    most int, OUT page bigint[], OUT whole boolean)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    chunk bigint[];
    size  int := 2 * n;
    seen  int := 0;
BEGIN
    page := '{}';
    LOOP
        chunk := mh_page_any(lanes, every_lane, want_tenant, before, size);
        page := page || mh_only(chunk, ended);
        seen := seen + size;
        whole := cardinality(page) >= n OR cardinality(chunk) < size;
        IF whole OR seen > most THEN
            page := page[1:n];
            RETURN;
        END IF;
        before := chunk[size];
        size := least(4 * size, 10000);
    END LOOP;
END
$$;

-- Of these jobs, newest first, those of the tenant and the lanes.
CREATE FUNCTION mh_only_of(seqs bigint[], lanes int[], want_tenant uuid) RETURNS bigint[]
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT j.seq
        FROM unnest(seqs) u (seq),
            LATERAL (SELECT q.seq, q.lane, q.tenant_id FROM job q WHERE q.seq = u.seq OFFSET 0) j
        WHERE j.lane = ANY (lanes) AND (want_tenant IS NULL OR j.tenant_id = want_tenant)
        ORDER BY j.seq DESC);
END
$$;

-- Completed jobs. Of a tenant through its own, from the newest that is completed of anybody's: what
-- waits is newer, as a rule. Else by the primary key of `done`, past those that failed or were
-- cancelled and a few thousand of other types; then through the jobs of the lanes.
CREATE FUNCTION mh_page_completed(
    lanes int[], every_lane boolean, want_tenant uuid, before bigint, n int)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    page   bigint[] := '{}';
    chunk  bigint[];
    below  bigint := before;
    n_more int;
BEGIN
    IF want_tenant IS NOT NULL THEN
        before := (SELECT d.seq + 1 FROM done d WHERE d.seq < before AND d.status = 'completed'
                   ORDER BY d.seq DESC LIMIT 1);
    ELSE
        FOREACH n_more IN ARRAY ARRAY[n, 5 * n, 2000] LOOP
            chunk := ARRAY(SELECT d.seq FROM done d WHERE d.seq < below AND d.status = 'completed'
                           ORDER BY d.seq DESC LIMIT n_more);
            IF every_lane THEN
                RETURN chunk;
            END IF;
            page := page || mh_only_of(chunk, lanes, NULL);
            IF cardinality(page) >= n OR cardinality(chunk) < n_more THEN
                RETURN page[1:n];
            END IF;
            below := chunk[n_more];
        END LOOP;
    END IF;
    SELECT w.page INTO page
    FROM mh_page_walk(lanes, every_lane, want_tenant, before, n, true, 2000000000) w;
    RETURN page;
END
$$;

-- Pending jobs. Of a tenant first among its newest few thousand jobs. Else fresh ones by the
-- primary key of `ready` backwards, one walk for each lane, those that came back in ready_moved,
-- then the primary key of `scheduled`; past those of other tenants.
CREATE FUNCTION mh_page_pending(lanes int[], every_lane boolean, want_tenant uuid, before bigint,
                                n int)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    page  bigint[] := '{}';
    whole boolean := false;
    chunk bigint[];
    size  int := n;
BEGIN
    IF want_tenant IS NOT NULL THEN
        SELECT w.page, w.whole INTO page, whole
        FROM mh_page_walk(lanes, every_lane, want_tenant, before, n, false, 2000) w;
        IF whole THEN
            RETURN page;
        END IF;
        page := '{}';
    END IF;
    LOOP
        chunk := ARRAY(
            SELECT w.seq
            FROM (
                SELECT f.seq
                FROM unnest(lanes) u (lane),
                    LATERAL (
                        SELECT r.seq, r.more,
                            sum(1 + coalesce(cardinality(r.more), 0)) OVER (
                                ORDER BY r.pos & -64 DESC
                                GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newer
                        FROM (SELECT q.pos, q.seq, q.more FROM ready q
                              WHERE q.lane = u.lane AND q.pos < before AND q.pos = q.seq
                              ORDER BY q.pos DESC LIMIT size + 128) r) c,
                    unnest(c.seq || c.more) f (seq)
                WHERE f.seq < before AND coalesce(c.newer, 0) < size + 64
                UNION ALL
                (SELECT r.seq FROM ready r
                 WHERE r.pos <> r.seq AND r.seq < before AND r.lane = ANY (lanes)
                 ORDER BY r.seq DESC LIMIT size)
                UNION ALL
                (SELECT s.seq FROM scheduled s WHERE s.seq < before AND s.lane = ANY (lanes)
                 ORDER BY s.seq DESC LIMIT size)) w
            ORDER BY w.seq DESC LIMIT size);
        IF want_tenant IS NULL THEN
            RETURN chunk;
        END IF;
        page := page || mh_only_of(chunk, lanes, want_tenant);
        IF cardinality(page) >= n OR cardinality(chunk) < size THEN
            RETURN page[1:n];
        END IF;
        before := chunk[size];
        size := least(4 * size, 10000);
    END LOOP;
END
$$;

-- Processing jobs: all leases, of which there is one per claim that runs. What is held for a move
-- is in no lane there.
CREATE FUNCTION mh_page_processing(lanes int[], want_tenant uuid, before bigint, n int)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT u.seq
        FROM lease l, unnest(l.seqs, l.lanes) u (seq, lane)
        WHERE u.seq < before
            AND coalesce(nullif(u.lane, 0), (SELECT j.lane FROM job j WHERE j.seq = u.seq))
                = ANY (mh_page_processing.lanes)
            AND (want_tenant IS NULL
                 OR want_tenant = (SELECT j.tenant_id FROM job j WHERE j.seq = u.seq))
        ORDER BY u.seq DESC LIMIT n);
END
$$;

-- Failed or cancelled jobs: by done_bad, past those of other tenants and lanes.
CREATE FUNCTION mh_page_bad(how job_status, lanes int[], want_tenant uuid, before bigint, n int)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN ARRAY(
        SELECT d.seq
        FROM done d,
            LATERAL (SELECT q.lane, q.tenant_id FROM job q WHERE q.seq = d.seq OFFSET 0) j
        WHERE d.status = how AND d.status <> 'completed' AND -d.seq > -before
            AND j.lane = ANY (lanes) AND (want_tenant IS NULL OR j.tenant_id = want_tenant)
        ORDER BY -d.seq LIMIT n);
END
$$;

-- Any of these. A type that no job has has no lane, so nothing is on its page.
CREATE FUNCTION mh_page(
    want_status smallint, want_type text, want_tenant uuid, before bigint, n int)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    every boolean := want_type IS NULL;
    lanes int[] := ARRAY(SELECT l.id FROM lane l WHERE every OR l.type = want_type);
BEGIN
    before := coalesce(before, 9223372036854775807);
    RETURN CASE coalesce(want_status, -1)
        WHEN 0 THEN mh_page_pending(lanes, every, want_tenant, before, n)
        WHEN 1 THEN mh_page_processing(lanes, want_tenant, before, n)
        WHEN 2 THEN mh_page_completed(lanes, every, want_tenant, before, n)
        WHEN 3 THEN mh_page_bad('failed', lanes, want_tenant, before, n)
        WHEN 4 THEN mh_page_bad('cancelled', lanes, want_tenant, before, n)
        ELSE mh_page_any(lanes, every, want_tenant, before, n) END;
END
$$;
