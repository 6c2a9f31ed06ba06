-- Where tenants come from. All functions read the view `tenant`, so that the application's own
-- table serves as well as ours: its columns name, plan and created_at are used where it has them.
--
-- The triggers keep what a foreign key would: a tenant's jobs go with it, and its id does not
-- change while it has any.

CREATE FUNCTION mh_adopt_tenants(source regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = :"schema", pg_temp AS $$
DECLARE
    columns text[] := ARRAY(SELECT a.attname::text FROM pg_attribute a
                            WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped);
    old     regclass := (SELECT t.tgrelid FROM pg_trigger t
                         WHERE t.tgfoid = 'mh_tenants_deleted'::regproc);
BEGIN
    IF 'id' <> ALL (columns) THEN
        RAISE undefined_column USING MESSAGE = format('%s has no column "id"', source);
    END IF;
    EXECUTE format(
        'CREATE OR REPLACE VIEW tenant AS '
        'SELECT id, %s AS name, %s AS plan, %s AS created_at FROM %s',
        CASE WHEN 'name' = ANY (columns) THEN 'name::text' ELSE 'id::text' END,
        CASE WHEN 'plan' = ANY (columns) THEN 'plan::text' ELSE '''free''::text' END,
        CASE WHEN 'created_at' = ANY (columns) THEN 'created_at::timestamptz'
             ELSE 'NULL::timestamptz' END,
        source);
    IF old IS NOT NULL THEN
        EXECUTE format('DROP TRIGGER millhand_deleted ON %s', old);
        EXECUTE format('DROP TRIGGER millhand_renumbered ON %s', old);
        EXECUTE format('DROP TRIGGER millhand_truncated ON %s', old);
    END IF;
    EXECUTE format('CREATE TRIGGER millhand_deleted AFTER DELETE ON %s '
        'REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION mh_tenants_deleted()',
        source);
    EXECUTE format('CREATE TRIGGER millhand_renumbered BEFORE UPDATE OF id ON %s '
        'FOR EACH ROW EXECUTE FUNCTION mh_tenant_renumbered()', source);
    EXECUTE format('CREATE TRIGGER millhand_truncated BEFORE TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION mh_tenants_truncated()', source);
END
$$;

CREATE FUNCTION mh_tenants_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_remove_tenants(ARRAY(SELECT g.id FROM gone g));
    RETURN NULL;
END
$$;

CREATE FUNCTION mh_tenant_renumbered() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF new.id <> old.id AND EXISTS (SELECT FROM job j WHERE j.tenant_id = old.id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a tenant with jobs keeps its id';
    END IF;
    RETURN new;
END
$$;

CREATE FUNCTION mh_tenants_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM job) THEN
        RAISE foreign_key_violation USING MESSAGE = 'tenants that have jobs are not truncated';
    END IF;
    RETURN NULL;
END
$$;

DO $$
BEGIN
    PERFORM mh_adopt_tenants(to_regclass(quote_ident(current_schema()) || '.tenants'));
END
$$;
