-- What dispatch needs to know about types and tenants before it writes.

-- The lane of a type at a priority, made where there is none. By the unique key of `lane`; takes
-- locks only for a new one, and there one that makes the limit on types hold.
CREATE FUNCTION mh_lane(type_name text, lane_priority int) RETURNS int
    LANGUAGE plpgsql AS $$
DECLARE
    found_id int;
BEGIN
    SELECT l.id INTO found_id FROM lane l WHERE l.type = type_name AND l.priority = lane_priority;
    IF FOUND THEN
        RETURN found_id;
    END IF;
    IF lane_priority NOT BETWEEN 0 AND 100 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'priority: expected 0 to 100';
    END IF;
    PERFORM mh_know_type(type_name);
    INSERT INTO lane AS l (type, priority) VALUES (type_name, lane_priority)
    ON CONFLICT (type, priority) DO UPDATE SET low = l.low
    RETURNING l.id INTO found_id;
    RETURN found_id;
END
$$;

-- Makes a type known. Near the limit one at a time; else waits for none but whoever makes the same
-- one known, in a transaction that is still open.
CREATE FUNCTION mh_know_type(type_name text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM type t WHERE t.name = type_name;
    IF FOUND THEN
        RETURN;
    END IF;
    IF type_name IS NULL OR type_name !~ '^[A-Za-z0-9_.:-]{1,100}$' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'type: expected 1 to 100 of A-Z a-z 0-9 _ . : -';
    END IF;
    IF (SELECT count(*) >= 500 FROM type) THEN
        PERFORM pg_advisory_xact_lock('type'::regclass::oid::int, 0);
    END IF;
    IF (SELECT count(*) >= 1000 FROM type) THEN
        PERFORM mh_sweep_types();
    END IF;
    IF (SELECT count(*) >= 1000 FROM type) THEN
        RAISE program_limit_exceeded USING
            MESSAGE = 'type: there are 1000 different ones already';
    END IF;
    INSERT INTO type (name) VALUES (type_name) ON CONFLICT DO NOTHING;
END
$$;

-- Forgets the types that no kept job has and nobody paused or limited. Walks all jobs, and waits
-- for whoever has read `lane` in a transaction that is still open, so that none uses a lane that is
-- going: for the rare moment when a store is full of types.
CREATE FUNCTION mh_sweep_types() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE lane IN ACCESS EXCLUSIVE MODE;
    DELETE FROM lane l
    WHERE l.id <> ALL (ARRAY(SELECT DISTINCT j.lane FROM job j));
    DELETE FROM tally t
    WHERE t.n = 0 AND NOT EXISTS (SELECT FROM lane l WHERE l.id = t.lane);
    DELETE FROM type t
    WHERE NOT t.paused AND NOT t.gated AND NOT EXISTS (SELECT FROM lane l WHERE l.type = t.name);
END
$$;

-- The lanes of many jobs, in their order; where it is one for all, that one once. So may types and
-- priorities be given. Where a new type makes a sweep necessary, this may take one of theirs that
-- no job has yet, which is then made again if there is room.
CREATE FUNCTION mh_lanes(types text[], priorities int[]) RETURNS int[]
    LANGUAGE plpgsql AS $$
DECLARE
    lanes int[];
    n     int := greatest(cardinality(types), cardinality(priorities));
BEGIN
    IF types[1] = ALL (types) AND priorities[1] = ALL (priorities) THEN
        RETURN ARRAY[mh_lane(types[1], priorities[1])];
    END IF;
    IF cardinality(types) = 1 THEN
        types := array_fill(types[1], ARRAY[n]);
    ELSIF cardinality(priorities) = 1 THEN
        priorities := array_fill(priorities[1], ARRAY[n]);
    END IF;
    FOR attempt IN 1..2 LOOP
        PERFORM mh_lane(n.type, n.priority)
        FROM (SELECT DISTINCT u.type, u.priority FROM unnest(types, priorities) u (type, priority)
              ORDER BY u.type, u.priority) n;
        lanes := ARRAY(
            SELECT l.id
            FROM unnest(types, priorities) WITH ORDINALITY u (type, priority, n)
            JOIN lane l ON l.type = u.type AND l.priority = u.priority
            ORDER BY u.n);
        IF cardinality(lanes) = n THEN
            RETURN lanes;
        END IF;
    END LOOP;
    RAISE program_limit_exceeded USING MESSAGE = 'type: there are 1000 different ones already';
END
$$;

-- What a job of this plan gets unless it says so.
CREATE FUNCTION mh_plan_priority(plan text) RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE plan WHEN 'enterprise' THEN 10 WHEN 'pro' THEN 10 WHEN 'starter' THEN 5 ELSE 0 END
$$;

-- Locks the tenants against deletion and gives the priority of each job: the one given, or its
-- tenant's plan's; once, where it is that of one tenant for all. One search by primary key for each
-- different tenant.
CREATE FUNCTION mh_hold_tenants(tenants uuid[], priorities int[]) RETURNS int[]
    LANGUAGE plpgsql AS $$
DECLARE
    owners uuid[] := CASE WHEN tenants[1] = ALL (tenants) THEN tenants[1:1]
                     ELSE ARRAY(SELECT DISTINCT u.id FROM (SELECT unnest(tenants) AS id) u) END;
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM tenant t WHERE t.id = ANY (owners) FOR KEY SHARE) held)
        <> cardinality(owners) THEN
        RAISE foreign_key_violation USING MESSAGE = 'tenant_id: no such tenant';
    END IF;
    IF array_position(priorities, NULL) IS NULL AND priorities IS NOT NULL THEN
        RETURN priorities;
    END IF;
    IF cardinality(owners) = 1 AND priorities IS NULL THEN
        RETURN ARRAY(SELECT mh_plan_priority(t.plan) FROM tenant t WHERE t.id = owners[1]);
    END IF;
    RETURN ARRAY(
        SELECT coalesce(u.priority, mh_plan_priority(t.plan))
        FROM unnest(tenants, priorities) WITH ORDINALITY u (tenant_id, priority, n)
        LEFT JOIN tenant t ON t.id = coalesce(u.tenant_id, owners[1])
        ORDER BY u.n);
END
$$;
