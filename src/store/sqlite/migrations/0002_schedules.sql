-- What dispatches jobs again and again. Numbers of `missed` are those of enum mh_missed: 0 one,
-- 1 skip, 2 all.

CREATE TABLE schedule (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    revision     INTEGER NOT NULL DEFAULT 1, -- what a change and a firing compare with
    tenant       INTEGER NOT NULL,
    name         TEXT NOT NULL,
    type         TEXT NOT NULL,
    cron         TEXT NOT NULL,
    tz           TEXT NOT NULL,
    priority     INTEGER CHECK (priority BETWEEN 0 AND 100), -- null: from the plan
    max_attempts INTEGER NOT NULL,
    missed       INTEGER NOT NULL CHECK (missed BETWEEN 0 AND 2),
    overlap      INTEGER NOT NULL CHECK (overlap IN (0, 1)),
    paused       INTEGER NOT NULL CHECK (paused IN (0, 1)),
    next_at      INTEGER, -- null: paused, or never
    last_at      INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    payload      TEXT NOT NULL,
    UNIQUE (tenant, name)
) STRICT;

CREATE INDEX schedule_due ON schedule (next_at) WHERE next_at IS NOT NULL;

PRAGMA user_version = 2;
