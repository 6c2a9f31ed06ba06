-- The lanes of the types in the JSON array ?1. By the unique name and the unique (type, priority).
SELECT lane.id, lane.priority, type.paused
FROM type
JOIN lane ON lane.type = type.id
WHERE type.name IN (SELECT value FROM json_each(?1));
