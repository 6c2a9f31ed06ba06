-- Moving jobs between stores, see doc/move.md.

SET LOCAL search_path = :"schema", pg_temp;

-- The one name of this store. A copy of the database has the same.
CREATE TABLE identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id       uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO identity DEFAULT VALUES;

-- The last run that began between this store and another, in either direction: no other may go on.
CREATE TABLE mover (
    peer uuid PRIMARY KEY,
    run  uuid NOT NULL
);

-- Jobs that were erased here because the peer holds them, until it has released them.
CREATE TABLE departure (
    peer uuid NOT NULL,
    id   uuid NOT NULL,
    PRIMARY KEY (peer, id)
);

-- Jobs that are held here until the peer has erased them, and what they become then. They are in a
-- lease of worker 0, which is nobody: it has no row, so nothing reclaims the lease, prolongs or
-- finishes it; nor do its jobs count in any lane. Not declared to refer to `job`, whose every row
-- would pay for it when it is pruned: a seq is never used again.
CREATE TABLE arrival (
    seq          bigint PRIMARY KEY,
    peer         uuid NOT NULL,
    status       job_status NOT NULL,
    attempts     smallint NOT NULL,
    retry        boolean NOT NULL, -- waits after a failed attempt
    started_at   timestamptz,
    completed_at timestamptz,
    worker       int, -- of its end; null: none had it
    result       jsonb
);
