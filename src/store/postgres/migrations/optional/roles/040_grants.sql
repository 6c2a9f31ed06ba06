-- Rights are on functions and on the view, never on tables. Where Supabase's roles exist they get
-- the same: service_role works and acts, authenticated is the api, anon gets nothing.

DO $$
DECLARE
    every    text[] := ARRAY['mh_version'];
    asking   text[] := ARRAY['mh_sees_all', 'mh_my_tenant', 'mh_status_now', 'mh_list',
        'mh_attempts', 'mh_stats', 'get_queue_stats', 'mh_tenants', 'mh_follow', 'mh_unfollow',
        'mh_schedules', 'mh_events', 'mh_credentials', 'mh_projects',
        'mh_index_get', 'mh_index_files', 'mh_index_symbols', 'mh_index_imports',
        'mh_index_search', 'mh_blueprints'];
    working  text[] := ARRAY['mh_join', 'mh_leave', 'mh_disown', 'mh_claim', 'mh_claim_first',
        'mh_finish', 'mh_heartbeat', 'mh_note', 'mh_reclaim', 'mh_prune', 'mh_upkeep', 'mh_sleep',
        'mh_awake', 'mh_count', 'mh_workers', 'mh_types', 'mh_limits', 'mh_overdue', 'claim_job',
        'claim_jobs', 'claim_next_job', 'heartbeat', 'complete_job', 'fail_job', 'release_job',
        'reclaim_expired_jobs', 'mh_schedules_due', 'mh_schedule_fire', 'mh_follow_events',
        'mh_credential_use', 'mh_project_mark', 'mh_project_sweep', 'mh_index_begin',
        'mh_index_add', 'mh_index_drop', 'mh_index_publish', 'mh_index_sweep', 'mh_blueprint_add'];
    acting   text[] := ARRAY['mh_dispatch', 'mh_dispatch_single', 'mh_act', 'mh_workers',
        'mh_types', 'mh_limits', 'mh_type_pause', 'mh_type_limit', 'mh_tenant_add',
        'mh_tenant_remove', 'dispatch_job', 'dispatch_jobs', 'cancel_job', 'retry_job',
        'mh_schedule_add', 'mh_schedule_change', 'mh_schedule_remove', 'mh_credential_add',
        'mh_credential_change', 'mh_credential_remove', 'mh_project_add', 'mh_project_remove'];
    -- What `serve` has: it says whom it speaks for, and that it follows.
    serving  text[] := ARRAY['mh_speak', 'mh_follow_events'];
    counting text[] := ARRAY['mh_count', 'mh_stats', 'mh_workers', 'mh_types', 'mh_limits',
        'mh_overdue', 'get_queue_stats'];
    given    record;
    function record;
BEGIN
    FOR given IN
        SELECT * FROM (VALUES
            ('millhand_worker', every || asking || working || serving, 'SELECT, UPDATE'),
            ('millhand_api', every || asking || acting || serving,
             'SELECT, INSERT, UPDATE, DELETE'),
            ('millhand_observer', every || counting, NULL),
            ('service_role', every || asking || working || acting,
             'SELECT, INSERT, UPDATE, DELETE'),
            ('authenticated', every || asking || acting, 'SELECT, INSERT, UPDATE, DELETE')
        ) g (role, functions, on_view)
        WHERE EXISTS (SELECT FROM pg_roles r WHERE r.rolname = g.role)
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), given.role);
        IF given.on_view IS NOT NULL THEN
            EXECUTE format('GRANT %s ON job_queue TO %I', given.on_view, given.role);
        END IF;
        FOR function IN
            SELECT p.oid::regprocedure AS name FROM pg_proc p
            WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
                AND p.proname = ANY (given.functions)
        LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', function.name, given.role);
        END LOOP;
    END LOOP;
END
$$;
