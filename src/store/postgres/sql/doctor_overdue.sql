-- $1 the name of the schema.
SELECT 'expired leases', CASE WHEN o.jobs = 0 THEN 'ok' ELSE 'warn' END,
    CASE WHEN o.jobs = 0 THEN 'none waits to be taken back'
        ELSE format('%s jobs of silent workers, for %s, and no worker takes them back', o.jobs,
            date_trunc('second', o.oldest_ms * interval '1 ms')) END,
    CASE WHEN o.jobs > 0
        THEN format('SELECT %I.reclaim_expired_jobs();  -- any worker does it too', $1::text) END
FROM :"schema".mh_overdue() o;
