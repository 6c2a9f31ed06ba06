-- How many jobs of tenant ?1, null for all, are kept (status 0) and how many of them ended, by
-- status. By the tally's primary key.
SELECT status, sum(n) FROM tally WHERE tenant = coalesce(?1, -1) GROUP BY status;
