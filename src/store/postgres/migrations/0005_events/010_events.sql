-- Job events, see store/event.h.

SET LOCAL search_path = :"schema", pg_temp;

CREATE FUNCTION mh_events(after_pos bigint, after_index int, want_id uuid, max_events int)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = 'job events are not kept in PostgreSQL yet';
END
$$;

CREATE FUNCTION mh_follow_events() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = 'job events are not kept in PostgreSQL yet';
END
$$;
