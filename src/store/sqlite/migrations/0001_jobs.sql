-- The first schema. Times are milliseconds since 1970. Status numbers are those of enum mh_status:
-- 0 pending, 1 processing, 2 completed, 3 failed, 4 cancelled.

PRAGMA application_id = 1296649292; -- "MILL"

CREATE TABLE migration (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;

-- Jobs name a tenant by its number, which costs them one byte and the default tenant's none.
CREATE TABLE tenant (
    number     INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    name       TEXT NOT NULL UNIQUE,
    plan       INTEGER NOT NULL CHECK (plan BETWEEN 0 AND 3),
    created_at INTEGER NOT NULL
) STRICT;

INSERT INTO tenant
VALUES (0, zeroblob(16), 'default', 0,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER));

CREATE TABLE type (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1))
) STRICT;

-- One type at one priority. A claim walks the lanes it serves, so that it never meets a job that it
-- does not want.
CREATE TABLE lane (
    id       INTEGER PRIMARY KEY,
    type     INTEGER NOT NULL REFERENCES type,
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 100),
    UNIQUE (type, priority)
) STRICT;

-- A worker's number is never used again; several rows may share an id.
CREATE TABLE worker (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    beat_at    INTEGER NOT NULL,
    lease_ms   INTEGER NOT NULL,
    types      TEXT -- JSON array, null: every type
) STRICT;

-- One claim's hold on its jobs, there as long as one of them is processing. The worker may be gone.
CREATE TABLE lease (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    worker     INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL,
    lease_ms   INTEGER NOT NULL
) STRICT;

-- Bodies that are large are apart, so that no step of a job's life rewrites them.
-- Neither tenant nor lane is a declared reference: dispatch looks both up in the same transaction,
-- and deleting either would otherwise search all jobs.
CREATE TABLE job (
    seq            INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    tenant         INTEGER NOT NULL,
    lane           INTEGER NOT NULL,
    status         INTEGER NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 4),
    attempts       INTEGER NOT NULL DEFAULT 0,
    max_attempts   INTEGER NOT NULL,
    lease          INTEGER CHECK ((lease IS NOT NULL) = (status = 1)),
    due_at         INTEGER NOT NULL, -- 0: when it was created, and it has waited since
    run_at         INTEGER NOT NULL, -- what was asked for
    created_at     INTEGER NOT NULL,
    started_at     INTEGER,
    completed_at   INTEGER,
    next_retry_at  INTEGER,
    progress       REAL,
    worker_id      TEXT,
    unique_key     TEXT,
    correlation_id TEXT, -- null: the id
    traceparent    TEXT CHECK (length(traceparent) BETWEEN 55 AND 512),
    error          TEXT,
    payload        TEXT -- null: it is large, and in the table payload
) STRICT;

-- Those that were due when they were dispatched stand first in a lane of job_due, by seq, which is
-- their order for claims and for pages. What job_status is for with them would cost every job two
-- entries more.
CREATE INDEX job_due ON job (lane, due_at) WHERE status = 0;
CREATE INDEX job_running ON job (lease, lane) WHERE lease IS NOT NULL;
CREATE INDEX job_ended ON job (status, completed_at) WHERE status >= 2;
CREATE INDEX job_status ON job (status, lane) -- pages of the others, by seq within these
WHERE status <> 1 AND (status >= 2 OR due_at > 0);
CREATE UNIQUE INDEX job_key ON job (tenant, unique_key) WHERE unique_key IS NOT NULL AND status <=
    1;

CREATE TABLE payload (seq INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE result (seq INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT; -- none: null

-- The jobs of each tenant, for pages: those up to a seq, and the newest not yet. They come in by
-- the thousand, sorted, for one by one each would change another page where there are many tenants.
CREATE TABLE owned (
    tenant INTEGER NOT NULL,
    lane   INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (tenant, lane, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE owned_up_to (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    seq      INTEGER NOT NULL
) STRICT;

INSERT INTO owned_up_to VALUES (1, 0);

-- Attempts that did not succeed, in the order they ended.
CREATE TABLE attempt (
    id         INTEGER PRIMARY KEY,
    seq        INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    worker_id  TEXT,
    started_at INTEGER,
    ended_at   INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    error      TEXT,
    log        TEXT
) STRICT;

CREATE INDEX attempt_seq ON attempt (seq);

-- How many jobs are kept and how many of them ended, so that nobody counts millions of rows. Status
-- 0: all that are kept, whatever their status. Tenant -1: those of all tenants.
CREATE TABLE tally (
    tenant INTEGER NOT NULL,
    lane   INTEGER NOT NULL,
    status INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (tenant, lane, status)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
