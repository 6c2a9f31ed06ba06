-- ?4 more jobs of tenant ?1, or -1, in lane ?2 with status ?3, where some were counted. By the
-- primary key.
UPDATE tally SET n = n + ?4 WHERE tenant = ?1 AND lane = ?2 AND status = ?3;
