-- The newest version of the blueprint of project number ?1. By the primary key.
SELECT max(version) FROM blueprint WHERE project = ?1;
