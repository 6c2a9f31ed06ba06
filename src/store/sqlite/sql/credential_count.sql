-- How many credentials there are. There are few.
SELECT count(*) FROM credential;
