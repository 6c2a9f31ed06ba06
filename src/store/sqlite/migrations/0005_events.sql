-- Job events, see store/event.h.

-- Written up to this time. `since` is a position: up to there something is missing, for nobody
-- followed, or it was too old to be kept.
CREATE TABLE follow (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    until    INTEGER NOT NULL,
    since    INTEGER NOT NULL
) STRICT;

INSERT INTO follow VALUES (1, 0, 0);

-- Kinds are those of enum mh_event_kind. A position is never used again.
CREATE TABLE event (
    pos           INTEGER PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    kind          INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 8),
    job           BLOB NOT NULL CHECK (length(job) = 16), -- its id: a seq may be used again
    worker_id     TEXT,
    attempts      INTEGER NOT NULL,
    progress      REAL,
    text          TEXT,
    next_retry_at INTEGER
) STRICT;

CREATE INDEX event_job ON event (job); -- by pos within a job

INSERT INTO sqlite_sequence (name, seq) VALUES ('event', 0);

PRAGMA user_version = 5;
