-- Somebody follows at ?1 and until ?2. Behind follow_lapse.sql. One row.
UPDATE follow
SET since = CASE WHEN until < ?1
                THEN (SELECT seq FROM sqlite_sequence WHERE name = 'event') ELSE since END,
    until = max(until, ?2);
