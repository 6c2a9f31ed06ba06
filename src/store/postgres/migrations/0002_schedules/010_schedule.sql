-- Numbers of `missed` are those of enum mh_missed: 0 one, 1 skip, 2 all. `revision` is what a
-- change and a firing compare with, so that of several one happens. The tenant is checked by the
-- functions, as for jobs: its table may be the application's.
CREATE TABLE schedule (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision     bigint NOT NULL DEFAULT 1,
    tenant_id    uuid NOT NULL,
    name         text NOT NULL CHECK (name ~ '^[A-Za-z0-9_.:-]{1,100}$'),
    type         text NOT NULL CHECK (type ~ '^[A-Za-z0-9_.:-]{1,100}$'),
    cron         text NOT NULL CHECK (octet_length(cron) BETWEEN 1 AND 200),
    tz           text NOT NULL CHECK (octet_length(tz) BETWEEN 1 AND 64),
    priority     int CHECK (priority BETWEEN 0 AND 100), -- null: from the plan
    max_attempts int NOT NULL,
    missed       smallint NOT NULL CHECK (missed BETWEEN 0 AND 2),
    overlap      boolean NOT NULL,
    paused       boolean NOT NULL,
    next_at      timestamptz, -- null: paused, or never
    last_at      timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    payload      jsonb NOT NULL,
    UNIQUE (tenant_id, name)
);

CREATE INDEX schedule_due ON schedule (next_at) WHERE next_at IS NOT NULL;
