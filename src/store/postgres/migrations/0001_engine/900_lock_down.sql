-- Takes every right on what this migration made from everybody but its owner, PUBLIC first (a
-- server may have been told to grant more by default), and puts row-level security on its tables,
-- forced, with a policy that lets their owner work: functions run with its rights. Whatever a
-- migration makes is found by the transaction that made it, so that none is forgotten. The last
-- file of every migration calls it.
CREATE FUNCTION mh_lock_down() RETURNS void
    LANGUAGE plpgsql SET search_path = :"schema", pg_temp AS $$
DECLARE
    own     xid := pg_current_xact_id()::xid;
    schema  oid := (SELECT n.oid FROM pg_namespace n WHERE n.nspname = current_schema());
    object  record;
    grantee record;
BEGIN
    FOR object IN
        SELECT 'FUNCTION' AS kind, p.oid::regprocedure::text AS name, p.proowner AS owner,
            coalesce(p.proacl, acldefault('f', p.proowner)) AS acl, false AS secured
        FROM pg_proc p WHERE p.pronamespace = schema AND p.xmin = own
        UNION ALL
        SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text,
            c.relowner, coalesce(c.relacl, acldefault('r', c.relowner)), c.relkind IN ('r', 'p')
        FROM pg_class c
        WHERE c.relnamespace = schema AND c.xmin = own AND c.relkind IN ('r', 'p', 'v', 'S')
            AND NOT c.relrowsecurity
    LOOP
        FOR grantee IN SELECT DISTINCT a.grantee AS id FROM aclexplode(object.acl) a
                       WHERE a.grantee <> object.owner LOOP
            EXECUTE format('REVOKE ALL ON %s %s FROM %s', object.kind, object.name,
                CASE grantee.id WHEN 0 THEN 'PUBLIC' ELSE grantee.id::regrole::text END);
        END LOOP;
        IF object.secured THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
                object.name);
            EXECUTE format('CREATE POLICY engine ON %s TO CURRENT_USER USING (true)', object.name);
        END IF;
    END LOOP;
END
$$;

DO $$ BEGIN PERFORM mh_lock_down(); END $$;
