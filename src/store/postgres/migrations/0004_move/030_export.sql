-- The source: what may leave.

-- What a job is like that is not processing: every change that is not undone makes another text. By
-- primary keys.
CREATE FUNCTION mh_move_stamp(j job, status smallint, attempts int) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN format('%s/%s/%s/%s/%s/%s', status, attempts, j.lane, extract(epoch FROM j.run_at),
        (SELECT count(*) FROM attempt a WHERE a.seq = j.seq),
        (SELECT extract(epoch FROM d.completed_at) FROM mh_end_of(j.seq) d));
END
$$;

-- The stamps of these jobs, null for those that are processing, and whether there are attempts.
CREATE FUNCTION mh_move_stamps(ids uuid[])
    RETURNS TABLE (seq bigint, id uuid, stamp text, history boolean)
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT l.seq, l.id,
            CASE WHEN l.status <> 1 THEN mh_move_stamp(j, l.status, l.attempts) END,
            EXISTS (SELECT FROM attempt a WHERE a.seq = l.seq)
        FROM mh_list(NULL, NULL, NULL, ids, NULL, cardinality(ids), false) l
        JOIN job j ON j.seq = l.seq;
END
$$;

-- The oldest `most` jobs behind a seq that have ended, or have not, of a tenant or (null) of any.
-- Walks the primary key of `job`, and that of `done` for each.
CREATE FUNCTION mh_move_export(ended boolean, want_tenant uuid, behind bigint, most int)
    RETURNS TABLE (seq bigint, id uuid, stamp text, history boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN QUERY
        SELECT s.*
        FROM mh_move_stamps(ARRAY(
            SELECT j.id FROM job j
            WHERE j.seq > behind
                AND (want_tenant IS NULL OR j.tenant_id = want_tenant)
                AND EXISTS (SELECT FROM mh_end_of(j.seq)) = ended
            ORDER BY j.seq LIMIT most)) s
        ORDER BY s.seq;
END
$$;
