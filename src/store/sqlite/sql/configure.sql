-- What holds for one connection. The page cache is small: an idle worker shall be, and the system
-- caches the file.
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = OFF;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -4000;
PRAGMA journal_size_limit = 16777216;
PRAGMA wal_autocheckpoint = 4000;
