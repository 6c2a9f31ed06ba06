-- See ENGINE.md. No row: the schedule is elsewhere.
SELECT * FROM :"schema".mh_schedule_fire($1, $2, $3, $4, $5, $6, $7, $8, $9)
