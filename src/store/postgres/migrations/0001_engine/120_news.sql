-- Notifications, and the locks that spare them. A commit that has notified holds a lock of the
-- whole server until it is flushed, so it is done only while somebody waits for it: who sleeps
-- holds an advisory lock on `worker`, who follows ends one on `done`, both shared; where it cannot
-- be had alone for a moment, somebody does.

-- True where nobody holds the lock on the table.
CREATE FUNCTION mh_unlocked(tab regclass) RETURNS boolean
    LANGUAGE sql AS $$
    SELECT CASE WHEN pg_try_advisory_lock(tab::oid::int, 0)
        THEN pg_advisory_unlock(tab::oid::int, 0) ELSE false END
$$;

CREATE FUNCTION mh_wake() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF NOT mh_unlocked('worker') THEN
        PERFORM pg_notify('millhand_new_job', '');
    END IF;
END
$$;

CREATE FUNCTION mh_tell_ended() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF NOT mh_unlocked('done') THEN
        PERFORM pg_notify('millhand_job_status', 'ended');
    END IF;
END
$$;

-- True where this session holds the lock on the table.
CREATE FUNCTION mh_holds(tab regclass) RETURNS boolean
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.classid = tab AND l.objid = 0 AND l.objsubid = 2
            AND l.pid = pg_backend_pid() AND l.granted);
END
$$;

-- From now on dispatchers notify. False: one is under way that may not have seen us; claim again in
-- a moment and ask again. True: claim once more, then wait.
CREATE FUNCTION mh_sleep() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF NOT mh_holds('worker') THEN
        PERFORM pg_advisory_lock_shared('worker'::regclass::oid::int, 0);
    END IF;
    RETURN NOT EXISTS (
        SELECT FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.classid = 'ready'::regclass AND l.objsubid = 2
            AND l.database = (SELECT d.oid FROM pg_database d
                              WHERE d.datname = current_database()));
END
$$;

CREATE FUNCTION mh_awake() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF mh_holds('worker') THEN
        PERFORM pg_advisory_unlock_shared('worker'::regclass::oid::int, 0);
    END IF;
END
$$;

CREATE FUNCTION mh_follow() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF NOT mh_holds('done') THEN
        PERFORM pg_advisory_lock_shared('done'::regclass::oid::int, 0);
    END IF;
END
$$;

CREATE FUNCTION mh_unfollow() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF mh_holds('done') THEN
        PERFORM pg_advisory_unlock_shared('done'::regclass::oid::int, 0);
    END IF;
END
$$;
