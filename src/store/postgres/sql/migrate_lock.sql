BEGIN;
SELECT pg_advisory_xact_lock(hashtext('millhand migrate'))
