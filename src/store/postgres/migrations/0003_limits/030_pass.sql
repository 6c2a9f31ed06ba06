-- Takes the lock of a gate and gives it as it is then; null: another claim has it, or it is no
-- more.
CREATE FUNCTION mh_hold_gate(gate_id int) RETURNS gate
    LANGUAGE plpgsql AS $$
DECLARE
    g gate;
BEGIN
    IF pg_try_advisory_xact_lock('gate'::regclass::oid::int, gate_id) THEN
        SELECT * INTO g FROM gate q WHERE q.id = gate_id;
    END IF;
    RETURN g;
END
$$;

-- Adds to a claim the jobs that may pass the gates of these types (null: all): the first `need` of
-- each in the order of claims, as far as the limits leave room, if all of them are taken. Takes the
-- lock of each gate before which something waits; where another claim has it, the gate is to be
-- looked at again in a moment. A transaction that sees an old state of the leases passes none.
CREATE FUNCTION mh_pass(served served_lanes, want_types text[], need int, moment timestamptz)
    RETURNS served_lanes
    LANGUAGE plpgsql AS $$
DECLARE
    soon  timestamptz := moment + interval '10 ms';
    known record;
    g     gate;
    lanes int[];
    cut   boolean;
    next  timestamptz;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN served;
    END IF;
    FOR known IN
        SELECT q.id, q.type FROM gate q JOIN type t ON t.name = q.type
        WHERE NOT t.paused AND (want_types IS NULL OR q.type = ANY (want_types))
        ORDER BY q.id
    LOOP
        lanes := ARRAY(SELECT l.id FROM lane l WHERE l.type = known.type);
        next := mh_next_due(lanes);
        IF mh_any_at_gate(lanes, moment) THEN
            g := mh_hold_gate(known.id);
            IF g.id IS NULL THEN
                next := soon;
            ELSE
                cut := mh_sort(g, lanes, moment, 4096);
                next := mh_next_due(lanes);
                next := CASE WHEN cut THEN moment WHEN next < soon THEN soon ELSE next END;
                served := mh_pass_one(served, g, lanes, need);
            END IF;
        END IF;
        served.gate_due := least(served.gate_due, next);
    END LOOP;
    served.due := CASE WHEN served.passed <> '{}' THEN moment
                  ELSE least(served.due, served.gate_due) END;
    RETURN served;
END
$$;

-- True where something due waits in these lanes, at the gate or on its way there. One step of an
-- index for each lane and place.
CREATE FUNCTION mh_any_at_gate(want_lanes int[], moment timestamptz) RETURNS boolean
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM lane l
        WHERE l.id = ANY (want_lanes) AND (
            EXISTS (SELECT FROM ready r WHERE r.lane = l.id AND r.pos > l.low)
            OR EXISTS (SELECT FROM scheduled s WHERE s.lane = l.id AND s.grp IS NOT NULL)
            OR EXISTS (SELECT FROM scheduled s
                       WHERE s.lane = l.id AND s.grp IS NULL AND s.run_at <= moment)));
END
$$;

-- How many jobs of these lanes run, group by group. Walks `lease`, which has a row per claim that
-- runs, and for each job of these lanes the primary key of `job`; reads its payload where there is
-- a key.
CREATE FUNCTION mh_running(g gate, want_lanes int[])
    RETURNS TABLE (tenant_id uuid, grp text, n bigint)
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        SELECT p.tenant_id, p.grp, count(*)
        FROM lease e, unnest(e.seqs, e.lanes) u (seq, lane),
            LATERAL (SELECT q.tenant_id, CASE WHEN g.per_key > 0 THEN q.payload END AS payload
                     FROM job q WHERE q.seq = u.seq OFFSET 0) j,
            LATERAL mh_group(g, j.tenant_id, j.payload) p
        WHERE e.lanes && want_lanes AND e.worker <> 0 AND u.lane = ANY (want_lanes)
        GROUP BY p.tenant_id, p.grp;
END
$$;

-- One gate, whose lock is held. The groups are walked by steps of scheduled_grouped, a tenant that
-- is full in one, and of each group only as many jobs are read as may run: so thousands of a group
-- that is full cost nothing, and the whole costs as much as there are groups waiting.
CREATE FUNCTION mh_pass_one(served served_lanes, g gate, want_lanes int[], need int)
    RETURNS served_lanes
    LANGUAGE plpgsql AS $$
DECLARE
    first int := cardinality(served.types);
    found record;
BEGIN
    WITH RECURSIVE running AS MATERIALIZED (
        SELECT * FROM mh_running(g, want_lanes)),
    tenants AS MATERIALIZED (
        SELECT r.tenant_id, nullif(g.per_tenant, 0) - sum(r.n) AS room
        FROM running r GROUP BY r.tenant_id),
    groups (lane, tenant_id, grp) AS (
        SELECT f.*
        FROM unnest(want_lanes) u (lane),
            LATERAL (SELECT s.lane, s.tenant_id, s.grp FROM scheduled s
                     WHERE s.lane = u.lane AND s.grp IS NOT NULL
                     ORDER BY s.tenant_id, s.grp LIMIT 1) f
        UNION ALL
        SELECT f.*
        FROM groups w,
            LATERAL (SELECT CASE -- every grp is empty or begins with "="
                         WHEN EXISTS (SELECT FROM tenants t
                                      WHERE t.tenant_id = w.tenant_id AND t.room <= 0) THEN '>'
                         ELSE w.grp END AS past) p,
            LATERAL (SELECT s.lane, s.tenant_id, s.grp FROM scheduled s
                     WHERE s.lane = w.lane AND s.grp IS NOT NULL
                         AND (s.tenant_id, s.grp) > (w.tenant_id, p.past)
                     ORDER BY s.tenant_id, s.grp LIMIT 1) f),
    heads AS (
        SELECT l.priority, w.tenant_id, w.grp, h.seq, h.run_at, m.tenant_room, m.key_room
        FROM groups w
        JOIN lane l ON l.id = w.lane
        CROSS JOIN LATERAL (
            SELECT coalesce((SELECT t.room FROM tenants t WHERE t.tenant_id = w.tenant_id),
                            nullif(g.per_tenant, 0), need) AS tenant_room,
                CASE WHEN w.grp = '' THEN need
                ELSE coalesce(nullif(g.per_key, 0) - (
                         SELECT r.n FROM running r
                         WHERE r.tenant_id = w.tenant_id AND r.grp = w.grp),
                     nullif(g.per_key, 0), need) END AS key_room) m
        CROSS JOIN LATERAL (
            SELECT s.seq, s.run_at FROM scheduled s
            WHERE s.lane = w.lane AND s.tenant_id = w.tenant_id AND s.grp = w.grp
                AND s.grp IS NOT NULL
            ORDER BY s.run_at, s.seq
            LIMIT greatest(least(need, m.tenant_room, m.key_room), 0)::bigint) h),
    of_key AS (
        SELECT h.*, row_number() OVER (PARTITION BY h.tenant_id, h.grp
                                       ORDER BY h.priority DESC, h.run_at, h.seq) AS place
        FROM heads h),
    of_tenant AS (
        SELECT k.*, row_number() OVER (PARTITION BY k.tenant_id
                                       ORDER BY k.priority DESC, k.run_at, k.seq) AS tenant_place
        FROM of_key k WHERE k.place <= k.key_room),
    passed AS (
        SELECT t.seq, t.priority FROM of_tenant t
        WHERE t.tenant_place <= t.tenant_room
        ORDER BY t.priority DESC, t.run_at, t.seq
        LIMIT greatest(least(need, nullif(g.max_running, 0)
                                   - (SELECT coalesce(sum(r.n), 0) FROM running r)), 0)::bigint)
    SELECT array_agg(p.seq) AS seqs, array_agg(p.priority) AS priorities INTO found FROM passed p;

    IF found.seqs IS NOT NULL THEN
        served.passed := served.passed || found.seqs;
        served.nths := served.nths
            || ARRAY(SELECT coalesce(first, 0) + i FROM generate_subscripts(found.seqs, 1) i);
        served.priorities := served.priorities || found.priorities;
        served.types := served.types || array_fill(g.type, ARRAY[cardinality(found.seqs)]);
    END IF;
    RETURN served;
END
$$;

-- True where a job may be claimed by itself, out of its turn (through the view): its type is not
-- paused and its limits leave room. Takes the lock of the gate, or says no.
CREATE FUNCTION mh_admits(target job) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    kind type;
    g    gate;
    own  record;
BEGIN
    SELECT t.* INTO kind FROM lane l JOIN type t ON t.name = l.type WHERE l.id = target.lane;
    IF kind.paused OR NOT kind.gated THEN
        RETURN NOT kind.paused;
    END IF;
    g := mh_hold_gate((SELECT q.id FROM gate q WHERE q.type = kind.name));
    IF g.id IS NULL OR current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN false;
    END IF;
    own := mh_group(g, target.tenant_id, target.payload);
    RETURN (
        SELECT coalesce(sum(r.n) < nullif(g.max_running, 0), true)
            AND coalesce(sum(r.n) FILTER (WHERE r.tenant_id = own.tenant_id)
                         < nullif(g.per_tenant, 0), true)
            AND coalesce(sum(r.n) FILTER (WHERE r.tenant_id = own.tenant_id AND r.grp = own.grp
                                              AND own.grp <> '')
                         < nullif(g.per_key, 0), true)
        FROM mh_running(g, ARRAY(SELECT l.id FROM lane l WHERE l.type = kind.name)) r);
END
$$;
