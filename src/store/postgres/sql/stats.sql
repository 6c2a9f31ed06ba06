SELECT * FROM :"schema".mh_stats($1)
