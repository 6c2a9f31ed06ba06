-- Blueprints of projects, see store/blueprint.h.

CREATE TABLE blueprint (
    project    INTEGER NOT NULL REFERENCES project (number) ON DELETE CASCADE,
    version    INTEGER NOT NULL, -- from 1
    commit_id  TEXT,
    tokens     INTEGER NOT NULL, -- that a model was asked with
    created_at INTEGER NOT NULL,
    markdown   TEXT NOT NULL,
    json       TEXT NOT NULL,
    PRIMARY KEY (project, version)
) STRICT;

PRAGMA user_version = 8;
