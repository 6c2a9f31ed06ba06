-- Every commit survives a power cut.
PRAGMA synchronous = FULL;
