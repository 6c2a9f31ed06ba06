SELECT * FROM :"schema".mh_schedule_remove($1, $2)
