-- Walks the lanes, of which there are few. gate.type is null where the type has no limits.
SELECT lane.id, lane.priority, type.paused, gate.type, type.name
FROM lane
JOIN type ON type.id = lane.type
LEFT JOIN gate ON gate.type = type.id;
