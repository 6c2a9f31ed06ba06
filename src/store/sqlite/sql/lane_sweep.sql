-- Lanes no job is in. By the tally's primary key, after its sweep.
DELETE FROM lane
WHERE NOT EXISTS (SELECT 1 FROM tally WHERE tally.tenant = -1 AND tally.lane = lane.id);
