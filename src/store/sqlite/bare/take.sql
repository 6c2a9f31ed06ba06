-- The first rows in the order of bare_due, for bench. 1 how many.
DELETE FROM bare WHERE seq IN (SELECT seq FROM bare ORDER BY due_at LIMIT ?1) RETURNING payload;
