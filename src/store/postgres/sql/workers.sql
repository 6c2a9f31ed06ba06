SELECT w.*, (extract(epoch FROM clock_timestamp() - w.beat_at) * 1000)::bigint
FROM :"schema".mh_workers() w
