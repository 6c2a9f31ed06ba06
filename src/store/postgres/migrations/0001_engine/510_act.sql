-- What people do to jobs: 0 cancel, 1 retry, 2 remove. Gives for each id, in the order given, what
-- was done (0 acted, 1 not found, 2 refused, 3 the unique key is taken) and the status before (-1:
-- not found). A job of a tenant that the asker does not speak for is not found. Jobs are taken in
-- the order of their seq, so that two calls do not wait for each other.
CREATE FUNCTION mh_act(act smallint, ids uuid[])
    RETURNS TABLE (what smallint, was smallint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    all_see boolean := mh_sees_all();
    mine    uuid := mh_my_tenant();
    item    record;
    answer  record;
    whats   smallint[] := array_fill(1::smallint, ARRAY[cardinality(ids)]);
    wases   smallint[] := array_fill(-1::smallint, ARRAY[cardinality(ids)]);
BEGIN
    IF act = 2 THEN
        PERFORM mh_fold(true);
    END IF;
    FOR item IN
        SELECT j.job, u.n
        FROM unnest(ids) WITH ORDINALITY u (id, n),
            LATERAL (SELECT q AS job, q.seq, q.tenant_id FROM job q WHERE q.id = u.id OFFSET 0) j
        WHERE all_see OR j.tenant_id = mine
        ORDER BY j.seq, u.n
    LOOP
        CASE act
            WHEN 0 THEN answer := mh_cancel(item.job);
            WHEN 1 THEN answer := mh_retry(item.job);
            WHEN 2 THEN answer := mh_remove(item.job);
        END CASE;
        whats[item.n] := answer.what;
        wases[item.n] := answer.was;
    END LOOP;
    RETURN QUERY SELECT u.what, u.was FROM unnest(whats, wases) u (what, was);
END
$$;

-- The status of a job that has ended, as a number; null: it has not.
CREATE FUNCTION mh_ended_status(job_seq bigint) RETURNS smallint
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT mh_status_number(d.status) FROM mh_end_of(job_seq) d);
END
$$;

-- Pending or processing becomes cancelled; the worker that runs it is told.
CREATE FUNCTION mh_cancel(target job, OUT what smallint, OUT was smallint)
    LANGUAGE plpgsql AS $$
DECLARE
    found_at record := mh_pull(target.seq, target.lane, true);
    pulled   held_job := found_at.pulled;
BEGIN
    IF found_at.origin IS NULL THEN
        was := coalesce(mh_ended_status(target.seq), -1);
        what := CASE WHEN was = -1 THEN 1 ELSE 2 END;
        RETURN;
    END IF;
    what := 0;
    was := CASE found_at.origin WHEN 'lease' THEN 1 ELSE 0 END;
    IF was = 1 THEN
        PERFORM mh_settle_all(ARRAY[pulled], 6, NULL);
        PERFORM pg_notify('millhand_job_status', 'cancelled');
    ELSE
        INSERT INTO done (seq, completed_at, status, attempts)
        VALUES (target.seq, clock_timestamp(), 'cancelled', pulled.attempt);
        PERFORM mh_ended('cancelled', ARRAY[target.seq], pulled.special);
        IF mh_followed() THEN
            PERFORM mh_tell(8, NULL, ARRAY[target.seq], ARRAY[pulled.attempt]);
        END IF;
    END IF;
END
$$;

-- Failed or cancelled becomes pending, with all its attempts before it, unless its unique key is
-- taken. Locks the row of `done`.
CREATE FUNCTION mh_retry(target job, OUT what smallint, OUT was smallint)
    LANGUAGE plpgsql AS $$
DECLARE
    ended job_status;
BEGIN
    SELECT d.status INTO ended FROM done d WHERE d.seq = target.seq FOR UPDATE;
    IF ended IS NULL OR ended = 'completed' THEN
        was := mh_status_number(coalesce(ended, mh_status_now(target.seq)));
        what := CASE WHEN was IS NULL THEN 1 ELSE 2 END;
        was := coalesce(was, -1);
        RETURN;
    END IF;
    was := mh_status_number(ended);
    IF target.unique_key IS NOT NULL THEN
        INSERT INTO open_key VALUES (target.tenant_id, target.unique_key, target.seq)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            what := 3;
            RETURN;
        END IF;
    END IF;
    what := 0;
    PERFORM mh_enter();
    DELETE FROM done d WHERE d.seq = target.seq;
    DELETE FROM progress p WHERE p.seq = target.seq;
    INSERT INTO uncounted (status, n, seqs) VALUES (ended, -1, ARRAY[target.seq]);
    UPDATE job j SET touched = true WHERE j.seq = target.seq;
    IF target.run_at > clock_timestamp() THEN
        INSERT INTO scheduled (seq, run_at, lane, special)
        VALUES (target.seq, target.run_at, target.lane, true);
    ELSE
        INSERT INTO ready (pos, seq, lane, special, due_at)
        VALUES (nextval('pos'), target.seq, target.lane, true, clock_timestamp());
    END IF;
    IF mh_followed() THEN
        PERFORM mh_tell(6, NULL, ARRAY[target.seq], NULL);
    END IF;
    PERFORM mh_wake();
END
$$;

-- Removes a job that is not processing, and all that is known of it.
CREATE FUNCTION mh_remove(target job, OUT what smallint, OUT was smallint)
    LANGUAGE plpgsql AS $$
DECLARE
    found_at record := mh_pull(target.seq, target.lane, false);
BEGIN
    IF found_at.origin = 'lease' THEN
        what := 2;
        was := 1;
        RETURN;
    END IF;
    was := CASE WHEN found_at.origin IS NOT NULL THEN 0 ELSE mh_ended_status(target.seq) END;
    IF was IS NULL THEN
        what := 1;
        was := -1;
        RETURN;
    END IF;
    what := 0;
    PERFORM mh_erase(ARRAY[target.seq]);
END
$$;
