SELECT * FROM :"schema".mh_schedules_due($1, $2)
