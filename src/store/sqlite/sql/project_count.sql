-- How many projects there are.
SELECT count(*) FROM project;
