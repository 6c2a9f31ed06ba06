-- All jobs after seq ?1 come to those of their tenants. Walks the primary key from there.
INSERT INTO owned (tenant, lane, seq)
SELECT tenant, lane, seq FROM job WHERE seq > ?1
ORDER BY tenant, lane, seq;
