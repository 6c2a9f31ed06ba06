-- Jobs as they were dispatched. What changes about a job lives in small rows beside it; the row
-- itself is updated only where a failed attempt or a "later" moves run_at, and by acts of people.
--
-- One sequence gives both `seq`, which names a job inside, and `pos`, its place in a lane. It has
-- no cache: a session that came back with old numbers would put jobs behind every claim's cursor.
--
-- Neither tenant nor lane is a declared foreign key: checked once a statement by mh_dispatch, they
-- cost a tenth of a microsecond a job instead of ten.

CREATE SEQUENCE pos;

CREATE TABLE job (
    seq            bigint PRIMARY KEY DEFAULT nextval('pos'),
    created_at     timestamptz NOT NULL,
    run_at         timestamptz, -- null: created_at
    id             uuid NOT NULL UNIQUE,
    tenant_id      uuid NOT NULL,
    lane           int NOT NULL,
    max_attempts   smallint NOT NULL DEFAULT 3,
    touched        boolean, -- true: claimed through the view or retried by a person at some time
    unique_key     text,
    correlation_id text, -- null: the id
    traceparent    text,
    payload        jsonb NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0.02 -- what the pruner leaves, before it is millions of rows
);

-- Pages of a tenant, pages of a type, and the deletion of a tenant.
CREATE INDEX job_tenant ON job (tenant_id, lane, seq);

-- The jobs that hold a unique key: at most one unfinished job per tenant and key.
CREATE TABLE open_key (
    tenant_id uuid NOT NULL,
    key       text NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (tenant_id, key)
);

-- Progress of running jobs, kept with those that ended until they are pruned.
CREATE TABLE progress (
    seq   bigint PRIMARY KEY,
    value real NOT NULL
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000
);
