-- The lane of type ?1 at priority ?2. By the unique name and the unique (type, priority).
SELECT lane.id
FROM type
JOIN lane ON lane.type = type.id
WHERE type.name = ?1 AND lane.priority = ?2;
