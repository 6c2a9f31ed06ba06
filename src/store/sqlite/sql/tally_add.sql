-- ?4 more jobs of tenant ?1, or -1, in lane ?2 with status ?3. By the primary key.
INSERT INTO tally (tenant, lane, status, n) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (tenant, lane, status) DO UPDATE SET n = n + excluded.n;
