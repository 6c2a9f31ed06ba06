-- The server, and those of its settings that matter here. As of every doctor*.sql, each row is a
-- finding: what was looked at, ok, warn, bad or skipped, what was found, the mend or null. Asks for
-- nothing that a role without rights may not see.
SELECT 'server', 'ok',
    format('PostgreSQL %s, database %s, role %s', current_setting('server_version'),
           current_database(), current_user),
    NULL
UNION ALL
SELECT 'durability',
    CASE WHEN current_setting('fsync')::boolean
        AND current_setting('full_page_writes')::boolean
        AND current_setting('synchronous_commit') <> 'off' THEN 'ok' ELSE 'warn' END,
    CASE WHEN NOT current_setting('fsync')::boolean
            THEN 'fsync is off: when the machine stops the database may be lost'
        WHEN NOT current_setting('full_page_writes')::boolean
            THEN 'full_page_writes is off: when the machine stops the database may be lost'
        WHEN current_setting('synchronous_commit') = 'off'
            THEN 'synchronous_commit is off: when the server stops the last jobs dispatched and'
                || ' finished may be forgotten'
        ELSE 'fsync is on, synchronous_commit is ' || current_setting('synchronous_commit') END,
    CASE WHEN NOT current_setting('fsync')::boolean
            THEN 'ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();'
        WHEN NOT current_setting('full_page_writes')::boolean
            THEN 'ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf();'
        WHEN current_setting('synchronous_commit') = 'off'
            THEN format('ALTER ROLE %I SET synchronous_commit = on;', current_user) END
UNION ALL
SELECT 'autovacuum',
    CASE WHEN wanted THEN 'ok' ELSE 'bad' END,
    CASE WHEN wanted THEN 'is on'
        ELSE 'is off: claims grow slower and tables larger without end' END,
    CASE WHEN NOT wanted THEN 'ALTER SYSTEM SET autovacuum = on;'
        || ' ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf();' END
FROM (SELECT current_setting('autovacuum')::boolean
    AND current_setting('track_counts')::boolean) a (wanted)
UNION ALL
SELECT 'connections',
    CASE WHEN c.used + 4 > c.most THEN 'warn' ELSE 'ok' END,
    format('%s of %s are in use, %s by millhand, which needs two for each worker', c.used, c.most,
           c.ours),
    CASE WHEN c.used + 4 > c.most
        THEN format('ALTER SYSTEM SET max_connections = %s;  -- and restart the server',
                    2 * current_setting('max_connections')::int) END
FROM (SELECT count(*) FILTER (WHERE a.datid IS NOT NULL) AS used,
        current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int AS most,
        count(*) FILTER (WHERE a.application_name = 'millhand') AS ours
      FROM pg_stat_activity a) c
UNION ALL
SELECT 'notification queue',
    CASE WHEN u.part < 0.25 THEN 'ok' ELSE 'warn' END,
    format('%s %% full', round(u.part::numeric * 100)),
    CASE WHEN u.part >= 0.25
        THEN 'end the listening session whose transaction is the oldest: see "held snapshots"' END
FROM pg_notification_queue_usage() u (part);
