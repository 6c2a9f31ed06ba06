-- The view sees a row of `job` only where the asker may, and the rows of other tables only by way
-- of one. Both halves of the policy are asked once a query, not once a row.

ALTER VIEW job_queue OWNER TO millhand_view;
GRANT SELECT, UPDATE ON job TO millhand_view;
GRANT SELECT ON done, ready, scheduled, lease, attempt, progress, worker, lane TO millhand_view;

DROP POLICY IF EXISTS visible ON job;
CREATE POLICY visible ON job TO millhand_view
    USING ((SELECT mh_sees_all()) OR tenant_id = (SELECT mh_my_tenant()));

DO $$
DECLARE
    beside text;
BEGIN
    FOREACH beside IN ARRAY ARRAY['done', 'ready', 'scheduled', 'lease', 'attempt', 'progress',
                                  'worker', 'lane'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS visible ON %I', beside);
        EXECUTE format('CREATE POLICY visible ON %I FOR SELECT TO millhand_view USING (true)',
            beside);
    END LOOP;
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM millhand_view', current_schema());
END
$$;
GRANT SELECT ON job_queue TO millhand_owner;
