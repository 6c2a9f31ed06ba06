-- At most ?2 schedules whose slot has come at ?1, behind the first ?3, without payloads. By
-- schedule_due.
SELECT schedule.id, schedule.revision, tenant.id, schedule.name, schedule.type, schedule.cron,
    schedule.tz, schedule.priority, schedule.max_attempts, schedule.missed, schedule.overlap,
    schedule.paused, schedule.next_at, schedule.last_at, schedule.created_at, schedule.updated_at,
    NULL
FROM schedule INDEXED BY schedule_due
JOIN tenant ON tenant.number = schedule.tenant
WHERE schedule.next_at IS NOT NULL AND schedule.next_at <= ?1
ORDER BY schedule.next_at, schedule.id
LIMIT ?2 OFFSET ?3;
