-- A new run of the index of project number ?1. By the unique project.
UPDATE project_index SET building = max(run, building) + 1 WHERE project = ?1;
