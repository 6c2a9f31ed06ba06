-- The last makes the server notify ourselves: the proof that it can.
DO $$ BEGIN
    LISTEN millhand_new_job;
    LISTEN millhand_job_status;
    PERFORM pg_notify('millhand_job_status', 'probe');
END $$
