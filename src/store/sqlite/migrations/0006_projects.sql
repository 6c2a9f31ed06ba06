-- Credentials, sealed before they come here, and the projects that are cloned with them.

CREATE TABLE credential (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    revision   INTEGER NOT NULL DEFAULT 1, -- what a change compares with
    tenant     INTEGER NOT NULL,
    name       TEXT NOT NULL,
    username   TEXT NOT NULL,
    host       TEXT, -- null: any
    key_id     TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    used_at    INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (tenant, name)
) STRICT;

-- Numbers of `state` are those of enum mh_project_state: 0 new, 1 indexing, 2 indexed, 3 failed.
CREATE TABLE project (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    tenant     INTEGER NOT NULL,
    name       TEXT NOT NULL,
    url        TEXT NOT NULL,
    ref        TEXT, -- null: the repository's own default
    credential TEXT, -- its name; null: none is needed
    state      INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3),
    path       TEXT NOT NULL DEFAULT '', -- of the clone while there is one
    commit_id  TEXT,
    job_id     BLOB, -- the last one that worked on it
    indexed_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (tenant, name)
) STRICT;

-- Few are being indexed at any time.
CREATE INDEX project_indexing ON project (job_id) WHERE state = 1;

-- Of a project one job at a time is run, unless a person sets another limit.
CREATE TRIGGER type_of_projects AFTER INSERT ON type WHEN new.name IN ('index', 'blueprint')
BEGIN
    INSERT INTO gate (type, max_running, per_tenant, per_key, key)
    VALUES (new.id, 0, 0, 1, 'project');
END;

PRAGMA user_version = 6;
