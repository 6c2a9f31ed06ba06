-- How many jobs there are and how many ended, so that nobody counts millions of rows. A finish
-- appends one row to `uncounted`, whatever its size, and a dispatch nothing at all; mh_fold adds up
-- both later. There is no row that every job touches.

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

-- Of status pending: all jobs that are kept, whatever their status, up to `counted.upto`.
CREATE TABLE tally (
    tenant_id uuid NOT NULL,
    lane      int NOT NULL,
    status    job_status NOT NULL,
    n         bigint NOT NULL,
    PRIMARY KEY (tenant_id, lane, status)
) WITH (fillfactor = 50);

-- No job will ever appear below this seq.
CREATE TABLE counted (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    upto     bigint NOT NULL
);
INSERT INTO counted (upto) VALUES (0);
