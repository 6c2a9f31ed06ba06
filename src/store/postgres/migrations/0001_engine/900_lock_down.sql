-- Takes every right on what this migration made from PUBLIC and puts row-level security on its tables,
-- forced, with a policy that lets their owner work: functions run with its rights. Whatever a
-- migration makes is found by the transaction that made it, so that none is forgotten. The last file of
-- every migration calls it.
CREATE FUNCTION mh_lock_down() RETURNS void
    LANGUAGE plpgsql SET search_path = :"schema", pg_temp AS $$
DECLARE
    own    xid := pg_current_xact_id()::xid;
    schema oid := (SELECT n.oid FROM pg_namespace n WHERE n.nspname = current_schema());
    object record;
BEGIN
    FOR object IN
        SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = schema AND p.xmin = own
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', object.name);
    END LOOP;
    FOR object IN
        SELECT c.oid::regclass AS name, c.relkind AS kind FROM pg_class c
        WHERE c.relnamespace = schema AND c.xmin = own AND c.relkind IN ('r', 'p', 'v', 'S')
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC',
            CASE object.kind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, object.name);
        CONTINUE WHEN object.kind IN ('v', 'S');
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
            object.name);
        IF NOT EXISTS (SELECT FROM pg_policy p
                       WHERE p.polrelid = object.name AND p.polname = 'engine') THEN
            EXECUTE format('CREATE POLICY engine ON %s TO CURRENT_USER USING (true)', object.name);
        END IF;
    END LOOP;
END
$$;

DO $$ BEGIN PERFORM mh_lock_down(); END $$;
