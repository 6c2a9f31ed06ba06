-- The newest ?2 jobs before seq ?1 of tenant number ?5 that are not in owned yet, with status ?3
-- and type number ?4, null for any. Walks the primary key down to where owned ends, which is some
-- thousand jobs away.
SELECT seq FROM job NOT INDEXED
WHERE seq > (SELECT seq FROM owned_up_to WHERE only_row = 1) AND seq < ?1
    AND tenant = ?5
    AND (?3 IS NULL OR ?3 = coalesce(
        job.status, (SELECT span.status FROM span WHERE span.first <= job.seq
                     ORDER BY span.first DESC LIMIT 1)))
    AND (?4 IS NULL OR lane IN (SELECT id FROM lane WHERE type = ?4))
ORDER BY seq DESC
LIMIT ?2;
