-- The first thing that is wrong with the file, or ok. Reads all of it.
SELECT quick_check FROM pragma_quick_check(1);
