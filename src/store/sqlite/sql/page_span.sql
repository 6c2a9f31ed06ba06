-- The newest ?2 jobs before seq ?1 with status ?3 in lane ?4 that are in spans, and below zero
-- those of other tenants than number ?5, null for any. Walks span_lane backwards, and the jobs.
SELECT CASE WHEN ?5 IS NULL OR job.tenant = ?5 THEN job.seq ELSE -job.seq END
FROM span CROSS JOIN job ON job.seq BETWEEN span.first AND min(span.last, ?1 - 1)
WHERE span.lane = ?4 AND span.status = ?3 AND span.first < ?1
ORDER BY span.first DESC, job.seq DESC
LIMIT ?2;
