-- How many jobs are processing in each lane, without those that are held for a move. Walks
-- job_running alone.
SELECT lane, count(*) FROM job INDEXED BY job_running
WHERE lease IS NOT NULL AND lease > 0
GROUP BY lane;
