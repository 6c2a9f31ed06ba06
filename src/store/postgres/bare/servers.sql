-- $1 the name that clients give themselves: the server's processes for them, where client and
-- server are on one machine.
SELECT a.pid FROM pg_stat_activity a WHERE a.application_name = $1
    AND (a.client_addr IS NULL OR a.client_addr = inet_server_addr())
