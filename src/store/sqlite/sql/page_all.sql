-- The newest ?2 jobs before seq ?1. Walks the primary key backwards.
SELECT seq FROM job WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2;
