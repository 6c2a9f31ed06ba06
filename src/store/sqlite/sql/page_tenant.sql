-- The newest ?2 jobs before seq ?1 in lane ?4 of tenant number ?5, and below zero those that have
-- not status ?3, null for any; not those in page_newest. Walks owned backwards; the jobs themselves
-- only for a status.
SELECT CASE
        WHEN ?3 IS NULL OR (SELECT status FROM job_now WHERE job_now.seq = owned.seq) = ?3 THEN seq
        ELSE -seq
    END
FROM owned
WHERE tenant = ?5 AND lane = ?4 AND seq < ?1
ORDER BY seq DESC
LIMIT ?2;
