-- The number of project ?2, if it is of the tenant of job ?1. By the unique ids.
SELECT project.number
FROM project
JOIN job ON job.tenant = project.tenant
WHERE project.id = ?2 AND job.id = ?1;
