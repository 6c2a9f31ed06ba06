-- Of tenant ?1, not the default one. By job_tenant.
DELETE FROM job INDEXED BY job_tenant WHERE tenant = ?1;
