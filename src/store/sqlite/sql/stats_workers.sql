-- How many workers are alive at ?1. Walks them.
SELECT count(*) FROM worker WHERE beat_at + lease_ms >= ?1;
