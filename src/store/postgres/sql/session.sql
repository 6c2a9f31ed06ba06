-- $1 the backend's number as libpq was told it. What the connection is good for; and, unless a
-- pooler stands between, what statements of ours rely on: read committed, plans that cannot flip;
-- and that a session whose client is gone ends within half a minute, with the locks it has.
SELECT pg_is_in_recovery(),
    pg_backend_pid() = $1::int,
    current_setting('server_version_num'),
    CASE WHEN pg_backend_pid() = $1::int THEN
        set_config('default_transaction_isolation', 'read committed', false)
        || set_config('plan_cache_mode', 'force_generic_plan', false)
        || set_config('jit', 'off', false)
        || set_config('tcp_keepalives_idle', '10', false)
        || set_config('tcp_keepalives_interval', '5', false)
        || set_config('tcp_keepalives_count', '3', false)
        || set_config('tcp_user_timeout', '20000', false)
    END
