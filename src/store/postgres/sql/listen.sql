-- The last makes the server notify ourselves: the proof that it can.
LISTEN millhand_new_job;
LISTEN millhand_job_status;
SELECT pg_notify('millhand_job_status', 'probe')
