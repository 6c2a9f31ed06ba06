-- Jobs of a type with limits are dispatched as any: their way into `ready` and `scheduled` knows
-- nothing of limits. What is due there is put in its place at the gate by the next claim.
--
-- Takes some `most` jobs from each; true: there may be more. Walks the primary key of `ready` from
-- the lowest low mark, and scheduled_due; skips what others have locked. Under the gate's lock.
CREATE FUNCTION mh_sort(g gate, want_lanes int[], moment timestamptz, most int) RETURNS boolean
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    low  bigint := (SELECT min(l.low) FROM lane l WHERE l.id = ANY (want_lanes));
    came bigint;
    fell bigint;
BEGIN
    WITH taken AS (
        DELETE FROM ready r
        WHERE r.ctid = ANY (ARRAY(
            SELECT w.tid
            FROM (SELECT l.*, sum(l.n) OVER (ORDER BY l.lane, l.pos) AS upto
                  FROM (SELECT q.ctid AS tid, q.lane, q.pos,
                            1 + coalesce(cardinality(q.more), 0) AS n
                        FROM ready q
                        WHERE q.lane = ANY (want_lanes) AND q.pos > low
                        LIMIT most
                        FOR UPDATE SKIP LOCKED) l) w
            WHERE w.upto - w.n < most))
        RETURNING r.*),
    put AS (
        INSERT INTO scheduled (seq, run_at, lane, attempt, special, retry, tenant_id, grp)
        SELECT u.seq, coalesce(t.due_at, j.created_at), t.lane, t.attempt, t.special, t.retry,
            p.tenant_id, p.grp
        FROM taken t, unnest(t.seq || t.more) u (seq),
            LATERAL (SELECT * FROM job q WHERE q.seq = u.seq OFFSET 0) j,
            LATERAL mh_group(g, j.tenant_id, j.payload) p
        RETURNING seq)
    SELECT count(*) INTO came FROM put;

    UPDATE scheduled s SET tenant_id = d.tenant_id, grp = d.grp
    FROM (SELECT w.tid, p.*
          FROM (SELECT q.ctid AS tid, q.seq FROM scheduled q
                WHERE q.lane = ANY (want_lanes) AND q.run_at <= moment AND q.grp IS NULL
                LIMIT most
                FOR UPDATE SKIP LOCKED) w,
              LATERAL (SELECT * FROM job q WHERE q.seq = w.seq OFFSET 0) j,
              LATERAL mh_group(g, j.tenant_id, j.payload) p) d
    WHERE s.ctid = d.tid;
    GET DIAGNOSTICS fell = ROW_COUNT;
    RETURN came >= most OR fell = most;
END
$$;
