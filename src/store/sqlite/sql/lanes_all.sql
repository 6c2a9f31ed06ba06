-- Walks the lanes, of which there are few. The last column names the type where it has limits.
SELECT lane.id, lane.priority, type.paused, gate.type
FROM lane
JOIN type ON type.id = lane.type
LEFT JOIN gate ON gate.type = type.id;
