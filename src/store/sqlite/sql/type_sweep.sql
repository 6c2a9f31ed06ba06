-- Types without a lane, unless somebody paused or limited them. By the unique (type, priority) of
-- lanes and the primary key of gate.
DELETE FROM type
WHERE NOT paused AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.type = type.id)
    AND NOT EXISTS (SELECT 1 FROM gate WHERE gate.type = type.id);
