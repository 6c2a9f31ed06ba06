-- Counts that have come down to nothing. Walks the tally: before the sweeps of lanes and types.
DELETE FROM tally WHERE n = 0;
