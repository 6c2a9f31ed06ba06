-- What keeps jobs and tenants together (0001, 210_adopt_tenants) keeps schedules too.

CREATE OR REPLACE FUNCTION mh_tenants_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    DELETE FROM schedule s USING gone g WHERE s.tenant_id = g.id;
    PERFORM mh_remove_tenants(ARRAY(SELECT g.id FROM gone g));
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION mh_tenant_renumbered() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF new.id <> old.id AND (EXISTS (SELECT FROM job j WHERE j.tenant_id = old.id)
                             OR EXISTS (SELECT FROM schedule s WHERE s.tenant_id = old.id)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a tenant with jobs or schedules keeps its id';
    END IF;
    RETURN new;
END
$$;

CREATE OR REPLACE FUNCTION mh_tenants_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM job) OR EXISTS (SELECT FROM schedule) THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'tenants that have jobs or schedules are not truncated';
    END IF;
    RETURN NULL;
END
$$;
