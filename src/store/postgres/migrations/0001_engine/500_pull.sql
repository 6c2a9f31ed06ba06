-- Takes an unfinished job out of wherever it is, which is `origin`: ready, scheduled or lease.
-- Where that is a lease and `running` is false, the job stays there. Null: it has ended or is gone.
--
-- A fresh job is found by the primary key of `ready`, and what is left of its chunk is put back;
-- one that came back in ready_moved, then by the primary key of `scheduled`; leases are walked, of
-- which there is one per claim that runs. Locks the row it takes. A job that moves while we look is
-- looked for again.
CREATE FUNCTION mh_pull(job_seq bigint, job_lane int, running boolean,
    OUT origin text, OUT pulled held_job)
    LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    hit      record;
    lease_id bigint;
    taken    held_job[];
BEGIN
    FOR try IN 1..20 LOOP
        DELETE FROM ready r
        WHERE r.lane = job_lane AND r.pos BETWEEN job_seq & -64 AND job_seq
            AND r.pos = r.seq AND job_seq = ANY (r.seq || r.more)
        RETURNING 'ready' AS origin, job_seq AS seq, r.lane, r.attempt, r.special,
            array_remove(r.seq || r.more, job_seq) AS rest INTO hit;
        IF FOUND THEN
            PERFORM mh_put_back(hit.lane, hit.rest, hit.special, 64);
        ELSE
            DELETE FROM ready r WHERE r.seq = job_seq AND r.pos <> r.seq
            RETURNING 'ready' AS origin, r.seq, r.lane, r.attempt, r.special INTO hit;
        END IF;
        IF NOT FOUND THEN
            DELETE FROM scheduled s WHERE s.seq = job_seq
            RETURNING 'scheduled' AS origin, s.seq, s.lane, s.attempt, s.special INTO hit;
        END IF;
        IF FOUND THEN
            origin := hit.origin;
            pulled := (NULL, hit.seq, hit.lane, hit.attempt, NULL, NULL, hit.special);
            RETURN;
        END IF;
        SELECT l.id INTO lease_id FROM lease l WHERE l.seqs @> ARRAY[job_seq];
        IF FOUND THEN
            taken := CASE WHEN running THEN mh_take(lease_id, ARRAY[job_seq]) END;
            IF NOT running OR taken <> '{}' THEN
                origin := 'lease';
                pulled := taken[1];
                RETURN;
            END IF;
        END IF;
        IF EXISTS (SELECT FROM mh_end_of(job_seq))
            OR NOT EXISTS (SELECT FROM job j WHERE j.seq = job_seq) THEN
            RETURN;
        END IF;
        PERFORM pg_sleep(0.0005 * try);
    END LOOP;
    RAISE serialization_failure USING MESSAGE = 'the job moves all the time: try again';
END
$$;
