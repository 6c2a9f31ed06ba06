-- What holds for one connection. The page cache is small: an idle worker shall be, and the system
-- caches the file. It holds what 1,000 jobs of as many tenants change, so that none of it is
-- written twice.
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = OFF;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8000;
PRAGMA journal_size_limit = 16777216;
PRAGMA wal_autocheckpoint = 4000;
