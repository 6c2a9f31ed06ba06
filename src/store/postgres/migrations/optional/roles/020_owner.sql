-- Everything of the engine goes to millhand_owner: tables are known by their policy, functions by
-- their names, the rest hangs on these.

DO $$
DECLARE
    object record;
BEGIN
    FOR object IN
        SELECT c.oid::regclass AS name
        FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'engine'
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO millhand_owner', object.name);
        EXECUTE format('ALTER POLICY engine ON %s TO millhand_owner', object.name);
    END LOOP;
    FOR object IN
        SELECT p.oid::regprocedure AS name
        FROM pg_proc p
        WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
            AND (p.proname LIKE 'mh\_%' OR p.proname IN (
                'dispatch_job', 'dispatch_jobs', 'claim_job', 'claim_jobs', 'claim_next_job',
                'heartbeat', 'complete_job', 'fail_job', 'release_job', 'cancel_job', 'retry_job',
                'get_queue_stats', 'reclaim_expired_jobs'))
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO millhand_owner', object.name);
    END LOOP;
END
$$;

ALTER SEQUENCE pos OWNER TO millhand_owner;
ALTER SEQUENCE payload_limit OWNER TO millhand_owner;
ALTER SEQUENCE followed OWNER TO millhand_owner;
ALTER SEQUENCE event_pos OWNER TO millhand_owner;
ALTER SEQUENCE event_turn OWNER TO millhand_owner;
ALTER VIEW tenant OWNER TO millhand_owner;
ALTER TYPE job_status OWNER TO millhand_owner;
ALTER TYPE held_job OWNER TO millhand_owner;
ALTER TYPE served_lanes OWNER TO millhand_owner;
ALTER TYPE taken_jobs OWNER TO millhand_owner;
