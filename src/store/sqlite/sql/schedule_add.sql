-- A schedule: tenant ?1, name ?2, type ?3, cron ?4, tz ?5, priority ?6, max_attempts ?7, missed ?8,
-- overlap ?9, paused ?10, next_at ?11, now ?12, payload ?13.
INSERT INTO schedule (tenant, name, type, cron, tz, priority, max_attempts, missed, overlap, paused,
                      next_at, created_at, updated_at, payload)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13);
