-- The lanes of type ?1. By the unique name and the unique (type, priority).
SELECT lane.id, lane.priority, type.paused
FROM type
JOIN lane ON lane.type = type.id
WHERE type.name = ?1;
