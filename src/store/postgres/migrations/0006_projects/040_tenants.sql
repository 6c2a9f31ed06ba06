-- What keeps jobs and tenants together (0001, 210_adopt_tenants) keeps these too.

CREATE OR REPLACE FUNCTION mh_tenants_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    DELETE FROM schedule s USING gone g WHERE s.tenant_id = g.id;
    DELETE FROM project p USING gone g WHERE p.tenant_id = g.id;
    DELETE FROM credential c USING gone g WHERE c.tenant_id = g.id;
    PERFORM mh_remove_tenants(ARRAY(SELECT g.id FROM gone g));
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION mh_tenant_renumbered() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF new.id <> old.id AND (EXISTS (SELECT FROM job j WHERE j.tenant_id = old.id)
                             OR EXISTS (SELECT FROM schedule s WHERE s.tenant_id = old.id)
                             OR EXISTS (SELECT FROM project p WHERE p.tenant_id = old.id)
                             OR EXISTS (SELECT FROM credential c WHERE c.tenant_id = old.id)) THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'a tenant with jobs, schedules, projects or credentials keeps its id';
    END IF;
    RETURN new;
END
$$;

CREATE OR REPLACE FUNCTION mh_tenants_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM job) OR EXISTS (SELECT FROM schedule)
        OR EXISTS (SELECT FROM project) OR EXISTS (SELECT FROM credential) THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'tenants with jobs, schedules, projects or credentials are not truncated';
    END IF;
    RETURN NULL;
END
$$;
