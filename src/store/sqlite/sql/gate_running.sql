-- How many jobs of the type with number ?1 are processing, by tenant and grp. By job_gated alone,
-- one walk for each lane of the type.
SELECT tenant, grp, count(*)
FROM job INDEXED BY job_gated
WHERE lease IS NOT NULL AND grp IS NOT NULL AND lane IN (SELECT id FROM lane WHERE type = ?1)
GROUP BY tenant, grp
ORDER BY tenant, grp;
