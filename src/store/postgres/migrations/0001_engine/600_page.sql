-- Pages of jobs, newest first: which jobs are on one.
--
-- Jobs are looked for along a way: one index, or several walked as one. Each mh_next_ function is
-- one, and takes the next step along it: which jobs follow below a seq, `size` of them or so, and
-- where they end (`below`; null: there are no more). A step reads no more rows than a small
-- multiple of its size. What the way does not know of a job is looked up for each.
--
-- Two filters of which each passes many jobs and both together few would be a long walk. So one
-- ends after `looks` jobs. A page then has what was found, and goes on where the walk stopped.

-- All jobs, or those of the tenant and the lanes. With a tenant by job_tenant: each lane gives its
-- newest few, and what is older than the oldest of a lane that has more is left for the next step.
-- Tenant, lane and seq are compared as one, for by the seq alone some plan would walk the primary
-- key.
CREATE FUNCTION mh_next_any(lanes int[], want_tenant uuid, before bigint, size int,
                            OUT chunk bigint[], OUT below bigint)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    each_lane int := greatest(64, 2 * size / greatest(cardinality(lanes), 1));
BEGIN
    IF want_tenant IS NULL THEN
        chunk := ARRAY(SELECT j.seq FROM job j WHERE j.seq < before ORDER BY j.seq DESC LIMIT size);
        below := chunk[size];
        RETURN;
    END IF;
    WITH w AS MATERIALIZED (
        SELECT u.lane, f.seq
        FROM unnest(lanes) u (lane),
            LATERAL (SELECT j.seq FROM job j
                     WHERE (j.tenant_id, j.lane, j.seq) >= (want_tenant, u.lane, 0)
                         AND (j.tenant_id, j.lane, j.seq) < (want_tenant, u.lane, before)
                     ORDER BY j.tenant_id DESC, j.lane DESC, j.seq DESC LIMIT each_lane) f),
    e AS (
        SELECT max(l.oldest) AS seq
        FROM (SELECT min(w.seq) AS oldest FROM w GROUP BY w.lane HAVING count(*) = each_lane) l)
    SELECT array_agg(w.seq ORDER BY w.seq DESC) FILTER (WHERE w.seq >= coalesce(e.seq, 0)),
        max(e.seq)
    INTO chunk, below
    FROM w, e;
    chunk := coalesce(chunk, '{}');
END
$$;

-- The newest jobs of the lanes, tenant by tenant: each pair gives a few, as above. Where they make
-- too many pairs to ask for each, nothing: `below` is then where it began.
CREATE FUNCTION mh_next_of_type(lanes int[], before bigint, OUT chunk bigint[], OUT below bigint)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    IF cardinality(lanes) * (SELECT count(*) FROM (SELECT FROM tenant LIMIT 5001) t) > 5000 THEN
        chunk := '{}';
        below := before;
        RETURN;
    END IF;
    WITH w AS MATERIALIZED (
        SELECT t.id, u.lane, f.seq
        FROM tenant t, unnest(lanes) u (lane),
            LATERAL (SELECT j.seq FROM job j
                     WHERE (j.tenant_id, j.lane, j.seq) >= (t.id, u.lane, 0)
                         AND (j.tenant_id, j.lane, j.seq) < (t.id, u.lane, before)
                     ORDER BY j.tenant_id DESC, j.lane DESC, j.seq DESC LIMIT 16) f),
    e AS (
        SELECT max(l.oldest) AS seq
        FROM (SELECT min(w.seq) AS oldest FROM w GROUP BY w.id, w.lane HAVING count(*) = 16) l)
    SELECT array_agg(w.seq ORDER BY w.seq DESC) FILTER (WHERE w.seq >= coalesce(e.seq, 0)),
        max(e.seq)
    INTO chunk, below
    FROM w, e;
    chunk := coalesce(chunk, '{}');
END
$$;

-- Pending jobs of the lanes: fresh ones by the primary key of `ready`, where a row stands for jobs
-- of one block of 64 seqs; those that came back by ready_moved; those that are not due yet, or wait
-- for a limit, by the primary key of `scheduled`. Each part ends somewhere, the step where the
-- first of them does.
CREATE FUNCTION mh_next_pending(lanes int[], before bigint, size int,
                                OUT chunk bigint[], OUT below bigint)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    each_lane int := greatest(66, 2 * size / greatest(cardinality(lanes), 1)); -- past a block
BEGIN
    WITH fresh AS MATERIALIZED (
        SELECT u.lane, f.*
        FROM unnest(lanes) u (lane),
            LATERAL (SELECT r.pos, r.seq, r.more FROM ready r
                     WHERE r.lane = u.lane AND r.pos < before
                     ORDER BY r.pos DESC LIMIT each_lane) f),
    moved AS MATERIALIZED (
        SELECT r.seq, r.lane FROM ready r WHERE r.pos <> r.seq AND r.seq < before
        ORDER BY r.seq DESC LIMIT size),
    put_off AS MATERIALIZED (
        SELECT s.seq, s.lane FROM scheduled s WHERE s.seq < before ORDER BY s.seq DESC LIMIT size),
    enough AS (
        SELECT max(c.pos & -64) AS seq
        FROM (SELECT f.pos,
                  sum(1 + coalesce(cardinality(f.more), 0)) OVER (ORDER BY f.pos DESC) AS n
              FROM fresh f WHERE f.pos = f.seq) c
        WHERE c.n >= size),
    e AS MATERIALIZED (
        SELECT max(p.seq) AS seq
        FROM (SELECT (min(f.pos) & -64) + 64 AS seq FROM fresh f
              GROUP BY f.lane HAVING count(*) = each_lane
              UNION ALL SELECT n.seq FROM enough n
              UNION ALL SELECT min(m.seq) FROM moved m HAVING count(*) = size
              UNION ALL SELECT min(s.seq) FROM put_off s HAVING count(*) = size) p)
    SELECT array_agg(w.seq ORDER BY w.seq DESC), (SELECT e.seq FROM e)
    INTO chunk, below
    FROM (
        SELECT g.seq
        FROM fresh f, unnest(f.seq || f.more) g (seq)
        WHERE f.pos = f.seq AND f.pos >= coalesce((SELECT e.seq FROM e), 0)
        UNION ALL
        SELECT m.seq FROM moved m WHERE m.lane = ANY (lanes)
        UNION ALL
        SELECT s.seq FROM put_off s WHERE s.lane = ANY (lanes)) w
    WHERE w.seq < before AND w.seq >= coalesce((SELECT e.seq FROM e), 0);
    chunk := coalesce(chunk, '{}');
END
$$;

-- Processing jobs of the lanes: walks all leases, of which there is one per claim that runs. What
-- is held for a move is in no lane there, and so is of any.
CREATE FUNCTION mh_next_processing(lanes int[], before bigint, size int,
                                   OUT chunk bigint[], OUT below bigint)
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    chunk := ARRAY(
        SELECT u.seq
        FROM lease l, unnest(l.seqs, l.lanes) u (seq, lane)
        WHERE u.seq < before
            AND (u.lane = 0 OR u.lane = ANY (mh_next_processing.lanes))
        ORDER BY u.seq DESC LIMIT size);
    below := chunk[size];
END
$$;

-- Completed jobs, by the primary key of `done` past the others, row by row until the jobs are
-- enough; failed or cancelled ones, none of which is in a run, by done_bad. Where a step would find
-- none it goes on to the next that there is, up to 16 times as far: nothing is looked up for what
-- it passes over.
CREATE FUNCTION mh_next_ended(how job_status, before bigint, size int,
                              OUT chunk bigint[], OUT below bigint)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    far int := 16 * size;
BEGIN
    IF how = 'completed' THEN
        LOOP
            SELECT array_agg(w.seq ORDER BY w.seq DESC) FILTER (WHERE w.status = 'completed'),
                CASE WHEN count(*) = size THEN min(w.seq) END
            INTO chunk, below
            FROM (SELECT m.seq, d.status
                  FROM (SELECT * FROM done q WHERE q.seq < before
                        ORDER BY q.seq DESC LIMIT size) d,
                      generate_series(d.seq + d.n - 1, d.seq, -1) m (seq)
                  WHERE m.seq < before LIMIT size) w;
            EXIT WHEN chunk IS NOT NULL OR below IS NULL;
            before := (
                SELECT w.seq + w.n
                FROM (SELECT d.seq, d.n, d.status FROM done d WHERE d.seq < below
                      ORDER BY d.seq DESC LIMIT far) w
                WHERE w.status = 'completed' ORDER BY w.seq DESC LIMIT 1);
            IF before IS NULL THEN
                below := (SELECT d.seq FROM done d WHERE d.seq < below
                          ORDER BY d.seq DESC OFFSET far - 1 LIMIT 1);
                EXIT;
            END IF;
        END LOOP;
        chunk := coalesce(chunk, '{}');
    ELSE
        chunk := ARRAY(
            SELECT d.seq FROM done d
            WHERE d.status = how AND d.status <> 'completed' AND -d.seq > -before
            ORDER BY -d.seq LIMIT size);
        below := chunk[size];
    END IF;
END
$$;

-- Of these jobs, newest first, those that pass; null: any. By primary keys, and `lease` once.
CREATE FUNCTION mh_passing(seqs bigint[], want_status smallint, lanes int[], want_tenant uuid)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    IF lanes IS NOT NULL OR want_tenant IS NOT NULL THEN
        seqs := ARRAY(
            SELECT j.seq
            FROM unnest(seqs) u (seq),
                LATERAL (SELECT q.seq, q.lane, q.tenant_id FROM job q WHERE q.seq = u.seq
                         OFFSET 0) j
            WHERE (lanes IS NULL OR j.lane = ANY (lanes))
                AND (want_tenant IS NULL OR j.tenant_id = want_tenant)
            ORDER BY j.seq DESC);
    END IF;
    IF want_status IS NOT NULL THEN
        seqs := ARRAY(
            SELECT u.seq
            FROM unnest(seqs) u (seq)
            LEFT JOIN LATERAL mh_end_of(u.seq) d ON true
            WHERE CASE WHEN want_status >= 2 THEN mh_status_number(d.status) = want_status
                  ELSE d.status IS NULL AND (want_status = 1) =
                      (u.seq IN (SELECT unnest(l.seqs) FROM lease l)) END
            ORDER BY u.seq DESC);
    END IF;
    RETURN seqs;
END
$$;

-- Walks along a way and gives the jobs that pass, up to `n`, and where it stopped with fewer (null:
-- there are no more).
CREATE FUNCTION mh_walk(
    way text, want_status smallint, every_lane boolean, lanes int[], want_tenant uuid,
    before bigint, n int, looks int, OUT page bigint[], OUT stop bigint)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    step record;
    size int := n;
    unsure int[] := CASE WHEN NOT every_lane THEN lanes END; -- what is left to be asked of each job
BEGIN
    page := '{}';
    stop := before;
    LOOP
        size := least(size, looks);
        CASE way
            WHEN 'newest' THEN
                step := mh_next_any(lanes, NULL, stop, size);
                step.chunk := mh_passing(step.chunk, NULL, unsure, NULL);
            WHEN 'tenant' THEN
                step := mh_next_any(lanes, want_tenant, stop, size);
                step.chunk := mh_passing(step.chunk, want_status, NULL, NULL);
            WHEN 'type' THEN
                step := mh_next_of_type(lanes, stop);
                size := greatest(size, 1000);
                step.chunk := mh_passing(step.chunk, want_status, NULL, NULL);
            WHEN 'pending' THEN
                step := mh_next_pending(lanes, stop, size);
                step.chunk := mh_passing(step.chunk, NULL, NULL, want_tenant);
            WHEN 'processing' THEN
                step := mh_next_processing(lanes, stop, size);
                step.chunk := mh_passing(step.chunk, NULL, unsure, want_tenant);
            ELSE
                step := mh_next_ended(way::job_status, stop, size);
                step.chunk := mh_passing(step.chunk, NULL, unsure, want_tenant);
        END CASE;
        page := page || step.chunk;
        looks := looks - size;
        size := 4 * size;
        EXIT WHEN cardinality(page) >= n OR step.below IS NULL OR step.below = stop OR looks <= 0;
        stop := step.below;
    END LOOP;
    stop := CASE WHEN cardinality(page) >= n THEN page[n] ELSE step.below END;
    page := page[1:n];
END
$$;

-- Up to `n` jobs that pass, newest first, and (`stop`) where the next page goes on below; null:
-- there is none. Tries the ways that there are for this filter, first with few looks, until one has
-- it all, and else gives what the one has that went the farthest. A type that no job has has no
-- lane, so nothing is on its page.
CREATE FUNCTION mh_page(
    want_status smallint, lanes int[], every_lane boolean, want_tenant uuid, before bigint, n int,
    looks int, OUT page bigint[], OUT stop bigint)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    own   text := (ARRAY['pending', 'processing', 'completed', 'failed', 'cancelled'])
                  [want_status + 1];
    ways  text[];
    way   text;
    part  int;
    found record;
BEGIN
    ways := CASE
        WHEN own = 'processing' OR (every_lane AND want_tenant IS NULL)
            THEN ARRAY[coalesce(own, 'newest')]
        WHEN want_tenant IS NOT NULL THEN array_remove(ARRAY['tenant', own], NULL)
        ELSE ARRAY[coalesce(own, 'newest'), 'type'] END;
    page := '{}';
    stop := before;
    FOREACH part IN ARRAY CASE cardinality(ways) WHEN 1 THEN ARRAY[1] ELSE ARRAY[3, 1] END LOOP
        FOREACH way IN ARRAY ways LOOP
            -- A step of this way is many searches, and most jobs are completed.
            CONTINUE WHEN way = 'type' AND part > 1 AND own = 'completed';
            found := mh_walk(way, want_status, every_lane, lanes, want_tenant, before, n,
                             greatest(looks / part, 1));
            IF found.stop IS NULL OR cardinality(found.page) = n OR found.stop < stop THEN
                page := found.page;
                stop := found.stop;
            END IF;
            IF stop IS NULL OR cardinality(page) = n THEN
                RETURN;
            END IF;
        END LOOP;
    END LOOP;
END
$$;
