SELECT * FROM :"schema".mh_events($1, $2, $3, $4)
