-- Indexes of projects: files, symbols, imports and texts, see store/index.h.

SET LOCAL search_path = :"schema", pg_temp;

-- A row of a file is seen while born <= run and not dead <= run. Numbers of runs only grow.
CREATE TABLE project_index (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project    bigint NOT NULL UNIQUE REFERENCES project (number) ON DELETE CASCADE,
    run        bigint NOT NULL DEFAULT 0, -- that is seen; 0: none yet
    building   bigint NOT NULL DEFAULT 0, -- the last that began
    commit_id  text,
    totals     text, -- JSON
    indexed_at timestamptz
);

CREATE TABLE index_file (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner    bigint NOT NULL REFERENCES project_index (number) ON DELETE CASCADE,
    born     bigint NOT NULL, -- the run that added it
    dead     bigint,          -- the run that dropped it; null: none
    path     text COLLATE "C" NOT NULL,
    blob     text,
    language text,
    size     bigint NOT NULL,
    mtime_us bigint NOT NULL,
    lines    bigint NOT NULL,
    code     bigint NOT NULL,
    comments bigint NOT NULL,
    blanks   bigint NOT NULL,
    symbols  int NOT NULL,
    imports  int NOT NULL
);

-- Paths may be longer than an index can hold: by their hash, and pages by the id.
CREATE INDEX index_file_path ON index_file (owner, md5(path));
CREATE INDEX index_file_id ON index_file (owner, id);
CREATE INDEX index_file_born ON index_file (owner, born);
CREATE INDEX index_file_dead ON index_file (owner, dead) WHERE dead IS NOT NULL;

-- The words of a symbol's name and of a text are made by store/terms.h, the same for every store;
-- each begins with the number of its index.
CREATE TABLE index_symbol (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file      bigint NOT NULL REFERENCES index_file (id) ON DELETE CASCADE,
    line      int NOT NULL,
    name      text NOT NULL,
    kind      text NOT NULL,
    scope     text,
    signature text,
    words     tsvector NOT NULL
);

CREATE INDEX index_symbol_file ON index_symbol (file);
CREATE INDEX index_symbol_words ON index_symbol USING gin (words);

CREATE TABLE index_import (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file     bigint NOT NULL REFERENCES index_file (id) ON DELETE CASCADE,
    line     int NOT NULL,
    target   text NOT NULL,
    resolved text
);

CREATE INDEX index_import_file ON index_import (file);

CREATE TABLE index_text (
    file  bigint PRIMARY KEY REFERENCES index_file (id) ON DELETE CASCADE,
    body  text NOT NULL,
    words tsvector NOT NULL
);

CREATE INDEX index_text_words ON index_text USING gin (words);
