-- By the primary key.
DELETE FROM worker WHERE number = ?1;
