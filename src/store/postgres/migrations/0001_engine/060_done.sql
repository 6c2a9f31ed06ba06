-- How a job ended: appended; a retry by a person or the pruner deletes the row.
CREATE TABLE done (
    seq          bigint PRIMARY KEY,
    started_at   timestamptz,
    completed_at timestamptz NOT NULL,
    worker       int, -- null: cancelled before any attempt
    status       job_status NOT NULL,
    attempts     smallint NOT NULL,
    result       jsonb
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
