-- How many schedules there are. There are few.
SELECT count(*) FROM schedule;
