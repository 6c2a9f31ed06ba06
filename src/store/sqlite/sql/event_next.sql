-- The first position after ?1. By the primary key.
SELECT pos FROM event WHERE pos > ?1 ORDER BY pos LIMIT 1;
