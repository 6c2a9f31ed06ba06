-- Whatever ends a job takes it out of its lease: then there is room for another, and whoever sleeps
-- is told, as by a dispatcher (see 110_writers and 120_news in 0001_engine). Leases without jobs of
-- types with limits are passed over before the function is called.
CREATE FUNCTION mh_freed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_enter();
    PERFORM mh_wake();
    RETURN NULL;
END
$$;

CREATE TRIGGER freed AFTER DELETE OR UPDATE OF seqs ON lease
    FOR EACH ROW WHEN (old.gated) EXECUTE FUNCTION mh_freed();
