-- The newest ?2 jobs before seq ?1 that are processing (?3 is 1) and in no span, of type number ?4
-- and tenant number ?5, null for any. Walks job_running and keeps the newest.
SELECT seq FROM job INDEXED BY job_running
WHERE lease IS NOT NULL AND status = ?3 AND seq < ?1
    AND (?5 IS NULL OR tenant = ?5)
    AND (?4 IS NULL OR lane IN (SELECT id FROM lane WHERE type = ?4))
ORDER BY seq DESC
LIMIT ?2;
