SELECT * FROM :"schema".mh_heartbeat($1, $2, $3)
