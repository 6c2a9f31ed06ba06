-- The newest ?2 jobs before seq ?1 with status ?3 of type number ?4 and tenant number ?5, null for
-- any. Of the one job with id ?6. By the unique id.
SELECT seq FROM job
WHERE id = ?6 AND seq < ?1
    AND (?3 IS NULL OR status = ?3)
    AND (?5 IS NULL OR tenant = ?5)
    AND (?4 IS NULL OR lane IN (SELECT id FROM lane WHERE type = ?4))
ORDER BY seq DESC
LIMIT ?2;
