-- Takes the lock at once: a transaction that reads first could find it taken when it writes.
BEGIN IMMEDIATE;
