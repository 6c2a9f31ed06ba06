-- Due and unclaimed. A row is inserted, then deleted, and never updated. It stands for one job, or
-- for a chunk: jobs dispatched together, of one lane, whose seqs agree but for the last six bits,
-- so that the chunk which holds a fresh job lies within 64 positions of it:
--
--     lane = … AND pos BETWEEN seq & -64 AND seq
--
-- The position of a fresh job is its seq, that of a chunk the first of them. A job that comes back
-- takes a new position, behind its equals. What is left of a chunk, when some of it was taken, is
-- put back at the positions which the jobs had.
--
-- Dead rows are the whole of this table's life, so it is vacuumed by count and at full speed.

CREATE TABLE ready (
    pos     bigint NOT NULL,
    seq     bigint NOT NULL,
    due_at  timestamptz, -- null: fresh, due when it was dispatched
    lane    int NOT NULL,
    attempt smallint NOT NULL DEFAULT 0, -- attempts that counted so far; of a fresh job none
    special boolean NOT NULL DEFAULT false, -- false: surely without a unique key, and not large
    retry   boolean NOT NULL DEFAULT false, -- waits after a failed attempt
    more    bigint[], -- the other jobs of a chunk, in order
    PRIMARY KEY (lane, pos)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_threshold = -1,
    autovacuum_vacuum_cost_delay = 0
);

-- Where a job is that came back; fresh ones are found by the primary key and pay nothing for this.
CREATE INDEX ready_moved ON ready (seq) WHERE pos <> seq;

-- Not due yet. Apart from `ready`, so that claims never walk over these. Also what is due and waits
-- for a limit of its type (0003_limits): it has a grp, and the tenant that it counts for.
CREATE TABLE scheduled (
    seq       bigint PRIMARY KEY,
    run_at    timestamptz NOT NULL,
    lane      int NOT NULL,
    attempt   smallint NOT NULL DEFAULT 0,
    special   boolean NOT NULL DEFAULT false,
    retry     boolean NOT NULL DEFAULT false,
    tenant_id uuid,
    grp       text COLLATE "C"
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX scheduled_due ON scheduled (lane, run_at, seq) WHERE grp IS NULL;
