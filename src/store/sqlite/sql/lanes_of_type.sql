-- The lanes of type ?1, as lanes_all. By the unique name and the unique (type, priority).
SELECT lane.id, lane.priority, type.paused, gate.type, type.name
FROM type
JOIN lane ON lane.type = type.id
LEFT JOIN gate ON gate.type = type.id
WHERE type.name = ?1;
