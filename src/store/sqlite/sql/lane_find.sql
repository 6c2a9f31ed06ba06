-- The lane of type ?1 at priority ?2, and whether the type has limits. By the unique name and the
-- unique (type, priority).
SELECT lane.id, gate.type IS NOT NULL
FROM type
JOIN lane ON lane.type = type.id
LEFT JOIN gate ON gate.type = type.id
WHERE type.name = ?1 AND lane.priority = ?2;
