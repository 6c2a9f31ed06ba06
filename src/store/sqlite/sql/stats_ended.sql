-- How many ended jobs of tenant ?1, null for all, are kept, by status. By the tally's primary key.
SELECT status, sum(n) FROM tally
WHERE tenant BETWEEN coalesce(?1, 0) AND coalesce(?1, 9223372036854775807)
GROUP BY status;
