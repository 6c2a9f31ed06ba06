-- How many jobs are processing in each lane, without those that are held for a move; a lane may
-- come several times. Walks job_running and span_running.
SELECT lane, count(*) FROM job INDEXED BY job_running
WHERE lease IS NOT NULL AND lease > 0
GROUP BY lane
UNION ALL
SELECT lane, last - first + 1 FROM span INDEXED BY span_running
WHERE lease IS NOT NULL;
