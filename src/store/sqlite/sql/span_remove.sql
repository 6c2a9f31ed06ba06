-- By the primary key.
DELETE FROM span WHERE first = ?1;
