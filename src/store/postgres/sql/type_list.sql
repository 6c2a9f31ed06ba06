SELECT t.*, l.max_running, l.per_tenant, l.per_key, l.key
FROM :"schema".mh_types() t LEFT JOIN :"schema".mh_limits() l ON l.type = t.name
ORDER BY t.name COLLATE "C"
