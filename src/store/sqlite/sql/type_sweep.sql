-- Types without a lane, unless somebody paused them. By the unique (type, priority) of lanes.
DELETE FROM type
WHERE NOT paused AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.type = type.id);
