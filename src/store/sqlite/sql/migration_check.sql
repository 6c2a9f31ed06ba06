-- Was migration ?1 the one with checksum ?2?
SELECT checksum = ?2 FROM migration WHERE version = ?1;
