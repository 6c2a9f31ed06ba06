SELECT * FROM :"schema".mh_schedules($1, $2, $3)
