-- How many jobs are processing in each lane. Walks job_running alone.
SELECT lane, count(*) FROM job INDEXED BY job_running WHERE lease IS NOT NULL GROUP BY lane;
