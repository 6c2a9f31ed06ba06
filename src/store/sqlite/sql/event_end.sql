-- The last position used. One row of sqlite_sequence.
SELECT seq FROM sqlite_sequence WHERE name = 'event';
