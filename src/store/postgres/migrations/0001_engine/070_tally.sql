-- How many jobs ended, so that nobody counts millions of rows. A finish appends one row to
-- `uncounted`, whatever its size; mh_fold adds them up later. There is no row that every job
-- touches.

CREATE TABLE uncounted (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status job_status NOT NULL,
    n      smallint NOT NULL DEFAULT 1, -- -1: they ended no longer, a person had them retried
    seqs   bigint[] NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0,
    toast_tuple_target = 8160
);

CREATE TABLE tally (
    tenant_id uuid NOT NULL,
    lane      int NOT NULL,
    status    job_status NOT NULL,
    n         bigint NOT NULL,
    PRIMARY KEY (tenant_id, lane, status)
) WITH (fillfactor = 50);
