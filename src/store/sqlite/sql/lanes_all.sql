-- Walks the lanes, of which there are few.
SELECT lane.id, lane.priority, type.paused FROM lane JOIN type ON type.id = lane.type;
