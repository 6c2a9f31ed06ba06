-- Indexes of projects: files, symbols, imports and texts, see store/index.h.

-- A row of a file is seen while born <= run and not dead <= run. Numbers of runs only grow.
CREATE TABLE project_index (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    project    INTEGER NOT NULL UNIQUE REFERENCES project (number) ON DELETE CASCADE,
    run        INTEGER NOT NULL DEFAULT 0, -- that is seen; 0: none yet
    building   INTEGER NOT NULL DEFAULT 0, -- the last that began
    commit_id  TEXT,
    totals     TEXT, -- JSON
    indexed_at INTEGER
) STRICT;

CREATE TABLE index_file (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    owner    INTEGER NOT NULL REFERENCES project_index (number) ON DELETE CASCADE,
    born     INTEGER NOT NULL, -- the run that added it
    dead     INTEGER,          -- the run that dropped it; null: none
    path     TEXT NOT NULL,
    blob     TEXT,
    language TEXT,
    size     INTEGER NOT NULL,
    mtime_us INTEGER NOT NULL,
    lines    INTEGER NOT NULL,
    code     INTEGER NOT NULL,
    comments INTEGER NOT NULL,
    blanks   INTEGER NOT NULL,
    symbols  INTEGER NOT NULL,
    imports  INTEGER NOT NULL
) STRICT;

CREATE INDEX index_file_path ON index_file (owner, path);
CREATE INDEX index_file_id ON index_file (owner, id);
CREATE INDEX index_file_born ON index_file (owner, born);
CREATE INDEX index_file_dead ON index_file (owner, dead) WHERE dead IS NOT NULL;

CREATE TABLE index_symbol (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    file      INTEGER NOT NULL REFERENCES index_file (id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    kind      TEXT NOT NULL,
    line      INTEGER NOT NULL,
    scope     TEXT,
    signature TEXT
) STRICT;

CREATE INDEX index_symbol_file ON index_symbol (file);

CREATE TABLE index_import (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    file     INTEGER NOT NULL REFERENCES index_file (id) ON DELETE CASCADE,
    target   TEXT NOT NULL,
    line     INTEGER NOT NULL,
    resolved TEXT
) STRICT;

CREATE INDEX index_import_file ON index_import (file);

CREATE TABLE index_text (
    file INTEGER PRIMARY KEY REFERENCES index_file (id) ON DELETE CASCADE,
    body TEXT NOT NULL
) STRICT;

-- The words of texts and of names of symbols, under the ids of their rows, as store/terms.h makes
-- them: the tokenizer has nothing left to do.
CREATE VIRTUAL TABLE index_text_words
USING fts5(words, detail = none, columnsize = 0, tokenize = 'ascii');
CREATE VIRTUAL TABLE index_symbol_words
USING fts5(words, detail = none, columnsize = 0, tokenize = 'ascii');

CREATE TRIGGER index_text_gone AFTER DELETE ON index_text
BEGIN
    DELETE FROM index_text_words WHERE rowid = old.file;
END;

CREATE TRIGGER index_symbol_gone AFTER DELETE ON index_symbol
BEGIN
    DELETE FROM index_symbol_words WHERE rowid = old.id;
END;

PRAGMA user_version = 7;
