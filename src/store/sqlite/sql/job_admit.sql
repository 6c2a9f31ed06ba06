-- Job ?1, which was held, becomes ?2. By the primary key.
UPDATE job
SET status = ?2, lease = NULL,
    unique_key = coalesce((SELECT arrival.unique_key FROM arrival WHERE arrival.seq = job.seq),
                          unique_key)
WHERE seq = ?1;
