-- Schedule ?1, if its revision is ?2 and it is at slot ?3, moves on: last_at ?4, next_at ?5. Gives
-- what its jobs need. By the primary key.
UPDATE schedule
SET revision = revision + 1, last_at = ?4, next_at = ?5
WHERE id = ?1 AND revision = ?2 AND next_at = ?3
RETURNING (SELECT tenant.id FROM tenant WHERE tenant.number = schedule.tenant), type, priority,
    max_attempts, payload;
