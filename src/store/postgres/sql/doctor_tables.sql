-- $1 the name of the schema. The table with the most dead rows: many, not vacuumed for ten minutes.
SELECT 'dead rows', CASE WHEN t.many THEN 'warn' ELSE 'ok' END,
    format('%s has the most, %s beside %s live ones; vacuumed %s', t.name, t.n_dead_tup,
        t.n_live_tup, coalesce(date_trunc('second', clock_timestamp() - t.vacuumed) || ' ago',
                               'never')),
    CASE WHEN t.many THEN format('VACUUM %s;  -- of use once no old snapshot is held', t.name) END
FROM (
    SELECT s.relid::regclass AS name, s.n_dead_tup, s.n_live_tup, v.vacuumed,
        s.n_dead_tup > 100000 AND s.n_dead_tup > s.n_live_tup / 4
            AND coalesce(v.vacuumed < clock_timestamp() - interval '10 minutes', true) AS many
    FROM pg_stat_all_tables s, greatest(s.last_vacuum, s.last_autovacuum) v (vacuumed)
    WHERE s.schemaname = $1
    ORDER BY many DESC, s.n_dead_tup DESC LIMIT 1
) t;
