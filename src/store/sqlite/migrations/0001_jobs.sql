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

-- Bodies that are large are apart, so that no step of a job's life rewrites them. A job that is in
-- a span has no status here; whatever happens to it but that it is claimed and completes takes it
-- out of there for good.
-- Neither tenant nor lane is a declared reference: dispatch looks both up in the same transaction,
-- and deleting either would otherwise search all jobs.
CREATE TABLE job (
    seq            INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    tenant         INTEGER NOT NULL,
    lane           INTEGER NOT NULL,
    status         INTEGER CHECK (status BETWEEN 0 AND 4), -- null: that of its span
    attempts       INTEGER NOT NULL DEFAULT 0,
    max_attempts   INTEGER NOT NULL,
    lease          INTEGER CHECK ((lease IS NOT NULL) = (status IS 1)),
    due_at         INTEGER
        CHECK ((due_at IS NULL) = (status IS NULL) OR status IS NOT NULL AND status >= 2),
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
    payload        TEXT, -- null: it is large, and in the table payload
    -- What the span says is not said here too, and job_key would not know the key.
    CHECK (status IS NOT NULL
        OR attempts = 0 AND started_at IS NULL AND completed_at IS NULL AND worker_id IS NULL
            AND unique_key IS NULL)
) STRICT;

CREATE INDEX job_due ON job (lane, due_at) WHERE status = 0;
CREATE INDEX job_running ON job (lease, lane) WHERE lease IS NOT NULL;
CREATE INDEX job_ended ON job (status, completed_at) WHERE status >= 2;
-- For pages, by seq within these.
CREATE INDEX job_status ON job (status, lane) WHERE status <> 1;
CREATE UNIQUE INDEX job_key ON job (tenant, unique_key) WHERE unique_key IS NOT NULL AND status <=
    1;

-- Neighbours, by seq and all there, of one lane, that were due when they were dispatched and have
-- waited since, or were claimed together then, or completed together. Most jobs live in these
-- alone: what happens to many at once is written once, and their own rows stay as they were
-- dispatched. A job with a unique key, or of a type with limits, is in none.
CREATE TABLE span (
    first        INTEGER PRIMARY KEY,
    last         INTEGER NOT NULL CHECK (last >= first),
    lane         INTEGER NOT NULL,
    status       INTEGER NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 2),
    lease        INTEGER CHECK ((lease IS NOT NULL) = (status = 1)),
    started_at   INTEGER,
    completed_at INTEGER CHECK ((completed_at IS NOT NULL) = (status = 2)),
    worker_id    TEXT
) STRICT;

CREATE INDEX span_lane ON span (lane, status); -- claims and pages, by seq within these
CREATE INDEX span_running ON span (lease) WHERE lease IS NOT NULL;
CREATE INDEX span_ended ON span (completed_at) WHERE completed_at IS NOT NULL;

-- Jobs as they are, whether they are in a span or not.
CREATE VIEW job_now AS
SELECT job.seq, job.id, job.tenant, job.lane, coalesce(job.status, span.status) AS status,
    job.attempts + coalesce(span.status > 0, 0) AS attempts, job.max_attempts, job.run_at,
    job.created_at, coalesce(job.started_at, span.started_at) AS started_at,
    coalesce(job.completed_at, span.completed_at) AS completed_at, job.next_retry_at, job.progress,
    coalesce(job.worker_id, span.worker_id) AS worker_id, job.unique_key, job.correlation_id,
    job.traceparent, job.error
FROM job
LEFT JOIN span ON job.status IS NULL AND span.last >= job.seq
    AND span.first = (SELECT max(near.first) FROM span AS near WHERE near.first <= job.seq);

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
