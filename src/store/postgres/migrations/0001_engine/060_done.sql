-- How jobs ended: appended; a retry by a person or the pruner deletes the row. A row stands for one
-- job, or for a run: up to 64 jobs of one lease that completed with one finish and whose seqs
-- follow each other, seq to seq + n - 1. No job is in two rows, so the last row that begins up to a
-- job's seq is its own, or the job has none (mh_end_of). Rows of runs are too small to be
-- compressed or moved out of line.
CREATE TABLE done (
    seq          bigint PRIMARY KEY,
    started_at   timestamptz,
    completed_at timestamptz NOT NULL,
    worker       int, -- null: cancelled before any attempt
    status       job_status NOT NULL,
    attempts     smallint NOT NULL,
    n            smallint NOT NULL DEFAULT 1,
    results      jsonb[] -- null: of each of them
) WITH (
    autovacuum_vacuum_scale_factor = 0.02 -- as `job`
);

-- Newest first by an expression, so that no plan walks the primary key in its place.
CREATE INDEX done_bad ON done (status, (-seq)) WHERE status <> 'completed';

-- Attempts that did not succeed; success writes nothing here. Job and lease name an attempt for
-- ever, so the key is also the proof that none ends twice.
CREATE TABLE attempt (
    seq        bigint NOT NULL,
    lease      bigint NOT NULL,
    number     smallint NOT NULL,
    worker     int NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL,
    outcome    text NOT NULL, -- failed, lease expired, cancelled
    error      text,
    log        text,
    PRIMARY KEY (seq, lease)
) WITH (
    autovacuum_vacuum_scale_factor = 0.02 -- as `job`
);
