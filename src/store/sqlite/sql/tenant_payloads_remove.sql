-- Of tenant ?1, not the default one. By job_tenant and the primary key.
DELETE FROM payload
WHERE seq IN (SELECT job.seq FROM job INDEXED BY job_tenant WHERE tenant = ?1);
