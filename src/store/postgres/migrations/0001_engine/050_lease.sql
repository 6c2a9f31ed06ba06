-- Who claims. A number is never used again and several workers may have one name; the row stays
-- when the worker is gone, for the jobs that it ran name it.
CREATE TABLE worker (
    number     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 200),
    started_at timestamptz NOT NULL,
    beat_at    timestamptz NOT NULL,
    gone_at    timestamptz,
    lease_ms   bigint NOT NULL CHECK (lease_ms BETWEEN 1 AND 315576000000), -- ten years
    types      text[] -- null: every type
) WITH (fillfactor = 50);

CREATE INDEX worker_name ON worker (name);
CREATE INDEX worker_live ON worker (number) WHERE gone_at IS NULL;

-- One row per claim, whatever its size. It holds exactly the jobs that run: whatever ends one takes
-- it out of the arrays under the row's lock, and that is the fence. The arrays are not compressed:
-- they live for moments.
CREATE TABLE lease (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    claimed_at timestamptz NOT NULL,
    lease_ms   bigint NOT NULL, -- it ends so long after the claim or the worker's last heartbeat
    worker     int NOT NULL,
    special    boolean NOT NULL, -- false: surely no job in it is, see `ready`
    gated      boolean NOT NULL DEFAULT false, -- false: no job in it is of a type with limits
    seqs       bigint[] NOT NULL,
    lanes      int[] NOT NULL,
    attempts   smallint[] NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0,
    toast_tuple_target = 8160
);
