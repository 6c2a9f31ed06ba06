-- Tenants for the program: only where the table is ours, or the application's has the same columns.

CREATE FUNCTION mh_tenant_add(new_id uuid, new_name text, new_plan text)
    RETURNS TABLE (id uuid, name text, plan text, created_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_admin();
    INSERT INTO tenants (id, name, plan, created_at)
    VALUES (new_id, new_name, new_plan, clock_timestamp());
    RETURN QUERY SELECT t.id, t.name, t.plan, t.created_at FROM tenant t WHERE t.id = new_id;
END
$$;

CREATE FUNCTION mh_tenants()
    RETURNS TABLE (id uuid, name text, plan text, created_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT t.id, t.name, t.plan, t.created_at FROM tenant t
        WHERE mh_sees_all() OR t.id = mh_my_tenant()
        ORDER BY t.name COLLATE "C";
END
$$;

-- Removes a tenant, and its jobs by the trigger; gives how many jobs.
CREATE FUNCTION mh_tenant_remove(old_id uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    jobs bigint;
BEGIN
    PERFORM mh_check_admin();
    IF old_id = '00000000-0000-0000-0000-000000000000' THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = 'the default tenant stays';
    END IF;
    PERFORM FROM tenant t WHERE t.id = old_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE no_data_found USING MESSAGE = 'no such tenant';
    END IF;
    SELECT count(*) INTO jobs FROM job j WHERE j.tenant_id = old_id;
    DELETE FROM tenants t WHERE t.id = old_id;
    RETURN jobs;
END
$$;

-- Deletes all jobs of tenants that are being deleted, wherever they are. The rows of the tenants
-- are locked, so that none is dispatched any more; a job that moves while we look is looked for
-- again. By job_tenant, then as mh_pull.
CREATE FUNCTION mh_remove_tenants(gone uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
DECLARE
    old   bigint[];
    left_ bigint[];
    found bigint[];
    held  lease;
BEGIN
    PERFORM mh_fold(true);
    old := ARRAY(SELECT j.seq FROM job j WHERE j.tenant_id = ANY (gone) ORDER BY j.seq);
    left_ := old;
    FOR try IN 1..20 LOOP
        WITH fresh AS (
            DELETE FROM ready r
            USING (SELECT DISTINCT j.lane, j.seq & -64 AS first FROM job j
                   WHERE j.seq = ANY (left_)) b
            WHERE r.lane = b.lane AND r.pos BETWEEN b.first AND b.first + 63 AND r.pos = r.seq
                AND EXISTS (SELECT FROM unnest(r.seq || r.more) u (seq) JOIN job j ON j.seq = u.seq
                            WHERE j.tenant_id = ANY (gone))
            RETURNING r.seq || r.more AS seqs, r.lane, r.special),
        parted AS (
            SELECT f.lane, f.special, j.seq, j.tenant_id = ANY (gone) AS is_gone
            FROM fresh f, unnest(f.seqs) u (seq),
                LATERAL (SELECT q.seq, q.tenant_id FROM job q WHERE q.seq = u.seq OFFSET 0) j),
        kept AS (
            INSERT INTO ready (pos, seq, more, lane, special)
            SELECT c.seqs[1], c.seqs[1], nullif(c.seqs[2:], '{}'), c.lane, c.special
            FROM (SELECT p.lane, array_agg(p.seq ORDER BY p.seq) AS seqs,
                      bool_or(p.special) AS special
                  FROM parted p WHERE NOT p.is_gone
                  GROUP BY p.lane, p.seq & -64) c),
        moved AS (
            DELETE FROM ready r WHERE r.seq = ANY (left_) AND r.pos <> r.seq RETURNING r.seq),
        later AS (
            DELETE FROM scheduled s WHERE s.seq = ANY (left_) RETURNING s.seq)
        SELECT array_agg(f.seq) INTO found
        FROM (SELECT p.seq FROM parted p WHERE p.is_gone
              UNION ALL SELECT * FROM moved UNION ALL SELECT * FROM later
              UNION ALL SELECT u.seq FROM unnest(left_) u (seq), LATERAL mh_end_of(u.seq)) f;
        FOR held IN SELECT l.* FROM lease l WHERE l.seqs && left_ ORDER BY l.id LOOP
            found := found || ARRAY(SELECT t.seq FROM unnest(mh_take(held.id, left_)) t);
        END LOOP;
        left_ := ARRAY(SELECT unnest(left_) EXCEPT SELECT unnest(found));
        IF left_ = '{}' THEN
            PERFORM mh_erase(old);
            DELETE FROM tally t WHERE t.tenant_id = ANY (gone);
            RETURN;
        END IF;
        PERFORM pg_sleep(0.0005 * try);
    END LOOP;
    RAISE serialization_failure USING MESSAGE = 'jobs of the tenant move all the time: try again';
END
$$;
