-- At most ?2 jobs that are held for peer ?1. Walks the arrivals, of which there are few.
SELECT seq FROM arrival WHERE peer = ?1 LIMIT ?2;
