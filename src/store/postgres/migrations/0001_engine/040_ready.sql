-- Due and unclaimed: a row is inserted, then deleted by the claim, and never updated. The position
-- of a fresh job is its seq; one that comes back takes a new one, behind its equals.
--
-- Dead rows are the whole of this table's life, so it is vacuumed by count and at full speed.

CREATE TABLE ready (
    pos     bigint NOT NULL,
    seq     bigint NOT NULL,
    lane    int NOT NULL,
    attempt smallint NOT NULL DEFAULT 0, -- attempts that counted so far
    keyed   boolean NOT NULL DEFAULT false, -- false: the job surely has no unique key
    retry   boolean NOT NULL DEFAULT false, -- waits after a failed attempt
    due_at  timestamptz, -- null: fresh, due when it was dispatched
    PRIMARY KEY (lane, pos)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_threshold = -1,
    autovacuum_vacuum_cost_delay = 0
);

-- Where a job is that came back; fresh ones are found by the primary key and pay nothing for this.
CREATE INDEX ready_moved ON ready (seq) WHERE pos <> seq;

-- Not due yet. Apart from `ready`, so that claims never walk over these.
CREATE TABLE scheduled (
    seq     bigint PRIMARY KEY,
    run_at  timestamptz NOT NULL,
    lane    int NOT NULL,
    attempt smallint NOT NULL DEFAULT 0,
    keyed   boolean NOT NULL DEFAULT false,
    retry   boolean NOT NULL DEFAULT false
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX scheduled_due ON scheduled (lane, run_at, seq);
