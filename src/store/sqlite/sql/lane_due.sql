-- Of lane ?1 the first ?3 jobs in spans that wait, after job ?4, and the first ?3 others that are
-- due at ?2, after job ?6 that became due at ?5; with the times at which they became due, and which
-- of both they are. By span_lane, from the span of job ?4 on, and job_due.
SELECT * FROM (
    SELECT job.seq, job.created_at, 1
    FROM span CROSS JOIN job ON job.seq BETWEEN max(span.first, ?4 + 1) AND span.last
    WHERE span.lane = ?1 AND span.status = 0
        AND span.first >= ifnull((
            SELECT max(first) FROM span WHERE lane = ?1 AND status = 0 AND first <= ?4), 0)
    ORDER BY span.first, job.seq
    LIMIT ?3)
UNION ALL
SELECT * FROM (
    SELECT seq, due_at, 0 FROM job INDEXED BY job_due
    WHERE status = 0 AND lane = ?1 AND due_at <= ?2 AND (due_at, seq) > (?5, ?6)
    ORDER BY due_at, seq
    LIMIT ?3);
