-- At most ?2 spans that ended before ?1, with their ends. By span_ended.
SELECT first, last FROM span WHERE completed_at < ?1 ORDER BY completed_at LIMIT ?2;
