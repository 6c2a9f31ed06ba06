-- How much there is in a file that says nothing about its owner.
SELECT count(*) FROM sqlite_schema;
