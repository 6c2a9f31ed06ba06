-- The job with id ?6 if it is before seq ?1 and has status ?3, type number ?4 and tenant number ?5,
-- null for any; ?2 is 1. By the unique id.
SELECT seq FROM job_now
WHERE id = ?6 AND seq < ?1
    AND (?3 IS NULL OR status = ?3)
    AND (?5 IS NULL OR tenant = ?5)
    AND (?4 IS NULL OR lane IN (SELECT id FROM lane WHERE type = ?4))
LIMIT ?2;
