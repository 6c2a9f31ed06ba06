-- The unfinished job of tenant ?1 that holds the unique key ?2. By job_key.
SELECT seq, id FROM job WHERE tenant = ?1 AND unique_key = ?2 AND status <= 1;
