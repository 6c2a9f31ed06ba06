-- Keeps the last ?2 versions of the blueprint of project number ?1. By the primary key.
DELETE FROM blueprint
WHERE project = ?1
    AND version <= (SELECT max(version) FROM blueprint WHERE project = ?1) - ?2;
