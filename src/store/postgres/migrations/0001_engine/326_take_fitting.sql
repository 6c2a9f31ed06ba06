-- As mh_take_ready or, while scheduled jobs are due, mh_take_due; but no more than a reply should
-- carry: 64 MiB of payloads when printed, or a little more. `cut`: there was more, and it was left
-- where it is. Few jobs are not weighed: they fit, with the limit on payloads as it is by default.
CREATE FUNCTION mh_take_fitting(want_lanes int[], priorities int[], starts bigint[], need int,
    moment timestamptz, some_due boolean,
    OUT seqs bigint[], OUT attempts smallint[], OUT lanes int[], OUT nths int[], OUT keyed boolean,
    OUT ends bigint[], OUT cut boolean)
    LANGUAGE plpgsql AS $$
DECLARE
    taken record;
    fit   int := need;
BEGIN
    cut := false;
    LOOP
        BEGIN
            IF some_due THEN
                taken := mh_take_due(want_lanes, priorities, starts, fit, moment);
            ELSE
                taken := mh_take_ready(want_lanes, priorities, starts, fit);
            END IF;
            IF cardinality(taken.seqs) > 64 AND NOT cut THEN
                fit := mh_fit(taken.seqs);
                IF fit < cardinality(taken.seqs) THEN
                    RAISE SQLSTATE 'MH001';
                END IF;
            END IF;
            EXIT;
        EXCEPTION WHEN SQLSTATE 'MH001' THEN -- undoes what was taken
            cut := true;
        END;
    END LOOP;
    seqs := taken.seqs;
    attempts := taken.attempts;
    lanes := taken.lanes;
    nths := taken.nths;
    keyed := taken.keyed;
    ends := taken.ends;
END
$$;

-- How many of these jobs, from the first, have payloads of 64 MiB when printed, or a little more.
-- TOAST compresses to a 255th at best, so that mostly the sizes inside tell.
CREATE FUNCTION mh_fit(seqs bigint[]) RETURNS int
    LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
    IF (SELECT sum(pg_column_size(j.payload)) FROM unnest(seqs) u (seq),
            LATERAL (SELECT q.payload FROM job q WHERE q.seq = u.seq OFFSET 0) j) < 67108864 / 256
    THEN
        RETURN cardinality(seqs);
    END IF;
    RETURN (
        SELECT count(*)
        FROM (
            SELECT sum(octet_length(j.payload::text)) OVER (ORDER BY u.n)
                - octet_length(j.payload::text) AS before
            FROM unnest(seqs) WITH ORDINALITY u (seq, n),
                LATERAL (SELECT q.payload FROM job q WHERE q.seq = u.seq OFFSET 0) j) f
        WHERE f.before < 67108864);
END
$$;
