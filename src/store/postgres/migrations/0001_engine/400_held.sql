-- A job out of its lease: whoever has one of these is the only one who may say what becomes of it.
CREATE TYPE held_job AS (
    lease      bigint,
    seq        bigint,
    lane       int,
    attempt    smallint, -- the number of this attempt
    worker     int,
    started_at timestamptz,
    special    boolean
);

CREATE FUNCTION mh_held(held lease) RETURNS held_job[]
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN ARRAY(
        SELECT (held.id, u.seq, u.lane, u.attempt, held.worker, held.claimed_at,
            held.special)::held_job
        FROM unnest(held.seqs, held.lanes, held.attempts) u (seq, lane, attempt));
END
$$;

-- Takes these jobs out of a lease and gives those that were in it; none where the lease is gone. By
-- the primary key; locks the lease, and the row goes with its last job.
CREATE FUNCTION mh_take(lease_id bigint, seqs bigint[]) RETURNS held_job[]
    LANGUAGE plpgsql AS $$
DECLARE
    held  lease;
    taken held_job[];
BEGIN
    SELECT * INTO held FROM lease l WHERE l.id = lease_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN '{}';
    END IF;
    taken := ARRAY(SELECT u FROM unnest(mh_held(held)) u
                   WHERE u.seq IN (SELECT unnest(mh_take.seqs)));
    IF cardinality(taken) = cardinality(held.seqs) THEN
        DELETE FROM lease l WHERE l.id = lease_id;
    ELSIF taken <> '{}' THEN
        UPDATE lease l
        SET (seqs, lanes, attempts) = (
            SELECT array_agg(u.seq ORDER BY u.n), array_agg(u.lane ORDER BY u.n),
                array_agg(u.attempt ORDER BY u.n)
            FROM unnest(held.seqs, held.lanes, held.attempts) WITH ORDINALITY
                u (seq, lane, attempt, n)
            WHERE u.seq NOT IN (SELECT unnest(mh_take.seqs)))
        WHERE l.id = lease_id;
    END IF;
    RETURN taken;
END
$$;

-- What follows when jobs end, however they do: they are to be counted, their keys are free, and
-- whoever follows is told.
CREATE FUNCTION mh_ended(how job_status, seqs bigint[], special boolean) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO uncounted (status, seqs) VALUES (how, mh_ended.seqs);
    IF special THEN
        PERFORM mh_drop_keys(seqs);
    END IF;
    PERFORM mh_tell_ended();
END
$$;
