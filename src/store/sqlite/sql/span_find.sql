-- The last span that begins at ?1 or before. By the primary key.
SELECT first, last, status, lease FROM span WHERE first <= ?1 ORDER BY first DESC LIMIT 1;
