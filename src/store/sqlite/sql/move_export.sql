-- The oldest ?4 jobs after seq ?1 that have ended (?2: 1) or not (0), of tenant number ?3, null for
-- any. Walks the primary key.
SELECT seq FROM job_now
WHERE seq > ?1 AND (status >= 2) = ?2 AND (?3 IS NULL OR tenant = ?3)
ORDER BY seq
LIMIT ?4;
