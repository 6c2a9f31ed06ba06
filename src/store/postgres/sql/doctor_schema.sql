-- $1 the name of the schema; no row where there is none. What the role that asks may do there, the
-- roles, and whether the schema is locked as its migration locked it. Ours are the tables with the
-- policy `engine` and those of millhand_owner, and the functions that a migration makes: in a
-- schema such as public there are others too.
WITH schema AS (
    SELECT n.oid, n.nspname AS name, has_schema_privilege(n.oid, 'USAGE') AS usable
    FROM pg_namespace n WHERE n.nspname = $1
),
function AS (
    SELECT p.oid, p.oid::regprocedure AS name, p.proname, p.proowner,
        has_function_privilege(p.oid, 'EXECUTE') AS mine,
        EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                WHERE a.grantee = 0) AS everybodys
    FROM schema s JOIN pg_proc p ON p.pronamespace = s.oid
    WHERE p.proname LIKE 'mh\_%' OR p.proname IN (
        'dispatch_job', 'dispatch_jobs', 'claim_job', 'claim_jobs', 'claim_next_job', 'heartbeat',
        'complete_job', 'fail_job', 'release_job', 'cancel_job', 'retry_job', 'get_queue_stats',
        'reclaim_expired_jobs')
),
may AS (
    SELECT concat_ws(', ',
        CASE WHEN bool_or(f.mine) FILTER (WHERE f.proname = 'mh_claim') THEN 'claim and finish' END,
        CASE WHEN bool_or(f.mine) FILTER (WHERE f.proname = 'mh_dispatch')
            THEN 'dispatch and act' END,
        CASE WHEN bool_or(f.mine) FILTER (WHERE f.proname = 'mh_count') THEN 'count' END,
        CASE WHEN bool_or(f.mine) FILTER (WHERE f.proname = 'mh_lock_down') THEN 'migrate' END)
        AS what
    FROM function f
),
role AS (
    SELECT count(r.oid) AS there, string_agg(w.name, ', ') FILTER (WHERE r.oid IS NULL) AS missing
    FROM (VALUES ('millhand_owner'), ('millhand_view'), ('millhand_worker'), ('millhand_api'),
                 ('millhand_observer')) w (name)
    LEFT JOIN pg_roles r ON r.rolname = w.name
),
stranger AS (
    SELECT count(*) AS n FROM function f JOIN pg_roles r ON r.oid = f.proowner
    WHERE r.rolname <> 'millhand_owner'
),
open_table AS (
    SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.relname) AS names,
        string_agg(format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;',
                          c.oid::regclass), ' ' ORDER BY c.relname) AS mend
    FROM schema s JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p')
    WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)
        AND (EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'engine')
            OR c.relowner = (SELECT r.oid FROM pg_roles r WHERE r.rolname = 'millhand_owner'))
),
open_function AS (
    SELECT string_agg(f.name::text, ', ' ORDER BY f.proname) AS names FROM function f
    WHERE f.everybodys
)
SELECT 'rights',
    CASE WHEN s.usable AND m.what <> '' THEN 'ok' ELSE 'bad' END,
    CASE WHEN s.usable AND m.what <> '' THEN format('role %s may %s', current_user, m.what)
        ELSE format('role %s may do nothing in schema %s', current_user, s.name) END,
    CASE WHEN NOT s.usable OR m.what = ''
        THEN format('GRANT millhand_worker TO %I;  -- or millhand_api, millhand_owner',
            current_user) END
FROM schema s, may m
UNION ALL
SELECT 'roles',
    CASE WHEN r.missing IS NULL AND f.n = 0 THEN 'ok' ELSE 'warn' END,
    CASE WHEN r.there = 0 THEN 'there are none yet: nobody but the owner may use the store'
        WHEN r.missing IS NOT NULL THEN 'missing: ' || r.missing
        WHEN f.n > 0 THEN format('%s functions of schema %s are not millhand_owner''s yet', f.n,
            s.name)
        ELSE 'all there, and millhand_owner owns the schema''s functions' END,
    CASE WHEN r.missing IS NOT NULL OR f.n > 0
        THEN 'millhand migrate --roles  # as a role that may create roles' END
FROM schema s, role r, stranger f
UNION ALL
SELECT 'row-level security',
    CASE WHEN t.names IS NULL THEN 'ok' ELSE 'bad' END,
    coalesce('not enabled and forced: ' || t.names, 'enabled and forced on every table'), t.mend
FROM schema s, open_table t
UNION ALL
SELECT 'PUBLIC',
    CASE WHEN f.names IS NULL THEN 'ok' ELSE 'bad' END,
    coalesce('everybody may execute ' || f.names, 'may execute nothing'),
    'REVOKE ALL ON FUNCTION ' || f.names || ' FROM PUBLIC;'
FROM schema s, open_function f;
