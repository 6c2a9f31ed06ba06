-- Of the ?3 oldest events, those from before ?1 or with a position up to ?2. By the primary key.
DELETE FROM event
WHERE pos IN (
    SELECT o.pos FROM (SELECT pos, at FROM event WHERE pos > 0 ORDER BY pos LIMIT ?3) o
    WHERE o.at < ?1 OR o.pos <= ?2);
