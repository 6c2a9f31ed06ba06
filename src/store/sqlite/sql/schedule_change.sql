-- Schedule ?1, if its revision is ?2 and it is of tenant number ?14, null for any, becomes:
-- type ?3, cron ?4, tz ?5, priority ?6, max_attempts ?7, missed ?8, overlap ?9, paused ?10,
-- next_at ?11, at ?12, payload ?13. By the primary key.
UPDATE schedule
SET revision = revision + 1, type = ?3, cron = ?4, tz = ?5, priority = ?6, max_attempts = ?7,
    missed = ?8, overlap = ?9, paused = ?10, next_at = ?11, updated_at = ?12, payload = ?13
WHERE id = ?1 AND revision = ?2 AND (?14 IS NULL OR tenant = ?14);
