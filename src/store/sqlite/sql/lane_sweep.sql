-- Lanes no job is in. By job_due and the tally; job_running and the tally are walked for each lane,
-- which is for the rare moment when a store is full of types.
DELETE FROM lane
WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.status = 0 AND job.lane = lane.id)
    AND NOT EXISTS (SELECT 1 FROM job WHERE job.lease IS NOT NULL AND job.lane = lane.id)
    AND NOT EXISTS (SELECT 1 FROM tally WHERE tally.lane = lane.id);
