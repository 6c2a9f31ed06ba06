-- $1 how long a transaction may be open, in milliseconds. Whoever holds the oldest snapshot: dead
-- rows that are younger cannot be removed, and every claim walks over them. Sessions, transactions
-- prepared for two-phase commit, replication slots, and standbys that send theirs
-- (hot_standby_feedback). Since when, only members of pg_read_all_stats may see of others; how many
-- transactions ago, everybody.
WITH holder AS (
    SELECT greatest(age(a.backend_xmin), age(a.backend_xid)) AS xids,
        clock_timestamp() - a.xact_start AS held,
        format('session %s (%s)', a.pid, concat_ws(', ', nullif(a.application_name, ''), a.state,
                                                   'role ' || a.usename)) AS name,
        format('SELECT pg_terminate_backend(%s);', a.pid)
            || coalesce(format('  -- and for the next: ALTER ROLE %I SET'
                || ' idle_in_transaction_session_timeout = ''5min'';', a.usename), '') AS mend
    FROM pg_stat_activity a
    WHERE a.pid <> pg_backend_pid() AND a.datname = current_database()
        AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
    UNION ALL
    SELECT age(r.backend_xmin), NULL,
        format('standby "%s", process %s', r.application_name, r.pid),
        'end the long query on the standby, or there: ALTER SYSTEM SET hot_standby_feedback = off;'
    FROM pg_stat_replication r
    UNION ALL
    SELECT age(p.transaction), clock_timestamp() - p.prepared,
        format('prepared transaction %L', p.gid), format('ROLLBACK PREPARED %L;', p.gid)
    FROM pg_prepared_xacts p WHERE p.database = current_database()
    UNION ALL
    SELECT age(s.xmin), NULL,
        format('replication slot "%s"%s', s.slot_name, CASE WHEN s.active THEN '' ELSE
            ', which nobody uses' END),
        CASE WHEN s.active THEN 'on the standby: ALTER SYSTEM SET hot_standby_feedback = off;'
            ELSE format('SELECT pg_drop_replication_slot(%L);', s.slot_name) END
    FROM pg_replication_slots s
),
oldest AS (
    SELECT h.*, coalesce(h.held > $1::bigint * interval '1 ms', h.xids > 1000000) AS long
    FROM holder h WHERE h.xids IS NOT NULL
    ORDER BY h.xids DESC, h.held DESC NULLS LAST LIMIT 1
)
SELECT 'held snapshots', CASE WHEN o.long THEN 'warn' ELSE 'ok' END,
    CASE WHEN o.name IS NULL THEN 'none but ours'
        ELSE format('the oldest is held by %s, %s%s transactions old', o.name,
            'for ' || date_trunc('second', o.held) || ', ', o.xids) END,
    CASE WHEN o.long THEN o.mend END
FROM (VALUES (1)) one (row) LEFT JOIN oldest o ON true;
