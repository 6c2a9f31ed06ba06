-- Moving jobs between stores, see doc/move.md.

-- The one name of this store. A copy of the file has the same.
CREATE TABLE identity (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id       BLOB NOT NULL CHECK (length(id) = 16)
) STRICT;

INSERT INTO identity VALUES (1, randomblob(16));

-- The last run that began between this store and another, in either direction: no other may go on.
CREATE TABLE mover (
    peer BLOB PRIMARY KEY CHECK (length(peer) = 16),
    run  BLOB NOT NULL CHECK (length(run) = 16)
) STRICT, WITHOUT ROWID;

-- Jobs that were erased here because the peer holds them, until it has released them.
CREATE TABLE departure (
    peer BLOB NOT NULL CHECK (length(peer) = 16),
    id   BLOB NOT NULL CHECK (length(id) = 16),
    PRIMARY KEY (peer, id)
) STRICT, WITHOUT ROWID;

-- Jobs that are held here, in lease -1, until the peer has erased them; then what they become.
CREATE TABLE arrival (
    seq        INTEGER PRIMARY KEY REFERENCES job ON DELETE CASCADE,
    peer       BLOB NOT NULL CHECK (length(peer) = 16),
    status     INTEGER NOT NULL CHECK (status IN (0, 2, 3, 4)),
    unique_key TEXT -- of one that has ended, which holds it no more
) STRICT;

PRAGMA user_version = 4;
