-- The schedules of the tenant with id ?1 and those called ?2 (null: any), with payloads where ?3 is
-- true. Walks all schedules.
SELECT schedule.id, schedule.revision, tenant.id, schedule.name, schedule.type, schedule.cron,
    schedule.tz, schedule.priority, schedule.max_attempts, schedule.missed, schedule.overlap,
    schedule.paused, schedule.next_at, schedule.last_at, schedule.created_at, schedule.updated_at,
    CASE WHEN ?3 THEN schedule.payload END
FROM schedule
JOIN tenant ON tenant.number = schedule.tenant
WHERE (?1 IS NULL OR tenant.id = ?1) AND (?2 IS NULL OR schedule.name = ?2)
ORDER BY schedule.name, schedule.id;
