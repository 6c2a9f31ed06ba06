-- `migrate --roles`: who may do what. Safe to run again, and to be run again after every migration.
--
-- millhand_owner    owns everything; functions run with its rights and no more
-- millhand_view     owns the view job_queue: the policy of `job` binds it to what the asker may see
-- millhand_worker   claims and finishes, for all tenants
-- millhand_api      dispatches and acts for the tenant that the request speaks for
-- millhand_observer reads counts
--
-- Needs the right to create roles. None of them can log in: grant them to those who do.

SET LOCAL search_path = :"schema", pg_temp;

DO $$
DECLARE
    role text;
    -- Since 16 whoever creates a role is a member that may not yet become it.
    full_member text := CASE WHEN current_setting('server_version_num')::int >= 160000
        THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    FOREACH role IN ARRAY ARRAY['millhand_owner', 'millhand_view', 'millhand_worker',
                                'millhand_api', 'millhand_observer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
    END LOOP;
    IF NOT pg_has_role(current_user, 'millhand_owner', full_member) THEN
        GRANT millhand_owner TO CURRENT_USER;
    END IF;
    IF NOT pg_has_role(current_user, 'millhand_view', full_member) THEN
        GRANT millhand_view TO CURRENT_USER;
    END IF;
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO millhand_owner, millhand_view',
                   current_schema());
END
$$;
