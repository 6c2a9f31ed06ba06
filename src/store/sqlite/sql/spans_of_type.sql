-- The spans of the type with number ?1 that have not ended. By span_lane.
SELECT first FROM span
WHERE lane IN (SELECT id FROM lane WHERE type = ?1) AND status IN (0, 1);
