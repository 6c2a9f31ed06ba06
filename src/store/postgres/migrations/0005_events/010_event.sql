-- Job events, see store/event.h.

SET LOCAL search_path = :"schema", pg_temp;

-- Until when events are written, in seconds since 1970. A sequence, for that is read at a glance:
-- no snapshot, no plan, and what is dead of it is nowhere. See mh_followed.
CREATE SEQUENCE followed;

CREATE SEQUENCE event_pos;

-- Which part is written now, its number modulo 3; since when; and the position up to which
-- something is missing, for nobody followed or it was too old to be kept.
CREATE SEQUENCE event_turn MINVALUE 0 START 0;
CREATE TABLE follow (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    turned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    since     bigint NOT NULL DEFAULT 0
);
INSERT INTO follow DEFAULT VALUES;

-- A row is what happened to the jobs of one call, of one kind (enum mh_event_kind) and by one
-- worker. The arrays are of one length, or null: nothing of the sort.
--
-- No row is ever deleted. Three parts are used by turns, and each is truncated as a whole before it
-- is written again, which leaves nothing behind, also under the oldest snapshot (mh_turn_events).
CREATE TABLE event (
    turn     smallint NOT NULL,
    pos      bigint NOT NULL,
    at       timestamptz NOT NULL,
    kind     smallint NOT NULL,
    worker   int, -- null: no attempt was under way
    n        int NOT NULL, -- how many jobs
    seqs     bigint[] NOT NULL,
    attempts smallint[],
    progress real[],
    texts    text[],
    dues     timestamptz[] -- next_retry_at
) PARTITION BY LIST (turn);

CREATE INDEX event_by_pos ON event (pos);

CREATE TABLE event_0 PARTITION OF event FOR VALUES IN (0)
    WITH (autovacuum_enabled = false, toast_tuple_target = 8160);
CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1)
    WITH (autovacuum_enabled = false, toast_tuple_target = 8160);
CREATE TABLE event_2 PARTITION OF event FOR VALUES IN (2)
    WITH (autovacuum_enabled = false, toast_tuple_target = 8160);
