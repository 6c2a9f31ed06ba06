-- Of tenant ?1, not the default one. By job_tenant and attempt_seq.
DELETE FROM attempt
WHERE seq IN (SELECT job.seq FROM job INDEXED BY job_tenant WHERE tenant = ?1);
