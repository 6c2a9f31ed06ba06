-- What tenant ?1 has is no more in the counts of all. By the primary key.
UPDATE tally
SET n = n - (SELECT own.n FROM tally AS own
             WHERE own.tenant = ?1 AND own.lane = tally.lane AND own.status = tally.status)
WHERE tenant = -1
    AND EXISTS (SELECT 1 FROM tally AS own
                WHERE own.tenant = ?1 AND own.lane = tally.lane AND own.status = tally.status);
