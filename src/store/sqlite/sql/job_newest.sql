-- The last seq in use, or null. By the primary key.
SELECT max(seq) FROM job;
