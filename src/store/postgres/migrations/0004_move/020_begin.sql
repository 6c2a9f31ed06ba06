-- Who moves. All of these are for the owner of the store alone: no role is given them.

CREATE FUNCTION mh_move_identify() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN (SELECT i.id FROM identity i);
END
$$;

-- From here on only this run moves between this store and the peer. Waits for whatever another run
-- is doing here just now.
CREATE FUNCTION mh_move_begin(peer uuid, run uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    INSERT INTO mover AS m (peer, run) VALUES (mh_move_begin.peer, mh_move_begin.run)
    ON CONFLICT ON CONSTRAINT mover_pkey DO UPDATE SET run = excluded.run;
END
$$;

-- Refuses a run that is not the last that began, and keeps others from beginning until the
-- transaction ends. That is on disk before it is answered, for the other store acts upon it.
CREATE FUNCTION mh_move_check(move_peer uuid, move_run uuid) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
        SET LOCAL synchronous_commit = on;
    END IF;
    PERFORM FROM mover m WHERE m.peer = move_peer AND m.run = move_run FOR SHARE;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'another move between these stores has begun since';
    END IF;
END
$$;
