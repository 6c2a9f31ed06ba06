-- What bench measures SQLite itself by: one table, one index.
CREATE TABLE bare (
    seq     INTEGER PRIMARY KEY,
    due_at  INTEGER NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX bare_due ON bare (due_at);
