-- What there is for those who watch, a mask of enum mh_news: anything pending of a type that is not
-- paused, a job cancelled since ?1, one ended since ?1, a schedule changed since ?1. By the lanes,
-- span_lane and job_due, by span_ended and job_ended, and by walking the schedules.
SELECT 1 * EXISTS (
        SELECT 1 FROM lane JOIN type ON type.id = lane.type
        WHERE NOT type.paused
            AND (EXISTS (SELECT 1 FROM span WHERE span.lane = lane.id AND span.status = 0)
                OR EXISTS (SELECT 1 FROM job INDEXED BY job_due
                           WHERE job.status = 0 AND job.lane = lane.id)))
    + 2 * EXISTS (
        SELECT 1 FROM job INDEXED BY job_ended
        WHERE status >= 2 AND status = 4 AND completed_at >= ?1)
    + 4 * (EXISTS (SELECT 1 FROM span WHERE completed_at >= ?1)
        OR EXISTS (
            SELECT 1 FROM job INDEXED BY job_ended
            WHERE status >= 2 AND status IN (2, 3, 4) AND completed_at >= ?1))
    + 8 * EXISTS (
        SELECT 1 FROM schedule WHERE next_at IS NOT NULL AND updated_at >= ?1);
