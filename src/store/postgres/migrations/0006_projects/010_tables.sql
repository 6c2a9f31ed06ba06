-- Credentials, sealed before they come here, and the projects that are cloned with them. The tenant
-- is checked by the functions, as for jobs: its table may be the application's.

SET LOCAL search_path = :"schema", pg_temp;

CREATE TABLE credential (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision   bigint NOT NULL DEFAULT 1, -- what a change compares with
    tenant_id  uuid NOT NULL,
    name       text NOT NULL CHECK (name ~ '^[A-Za-z0-9_.:-]{1,100}$'),
    username   text NOT NULL CHECK (octet_length(username) BETWEEN 1 AND 200),
    host       text CHECK (octet_length(host) BETWEEN 1 AND 200), -- null: any
    key_id     text NOT NULL CHECK (octet_length(key_id) BETWEEN 1 AND 64),
    sealed     bytea NOT NULL CHECK (octet_length(sealed) BETWEEN 1 AND 8192),
    used_at    timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, name)
);

-- Numbers of `state` are those of enum mh_project_state: 0 new, 1 indexing, 2 indexed, 3 failed.
CREATE TABLE project (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         uuid NOT NULL UNIQUE,
    tenant_id  uuid NOT NULL,
    name       text NOT NULL CHECK (name ~ '^[A-Za-z0-9_.:-]{1,100}$'),
    url        text NOT NULL CHECK (octet_length(url) BETWEEN 1 AND 2000),
    ref        text CHECK (octet_length(ref) BETWEEN 1 AND 200), -- null: the repository's default
    credential text, -- its name; null: none is needed
    state      smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3),
    path       text NOT NULL DEFAULT '', -- of the clone while there is one
    commit_id  text,
    job_id     uuid, -- the last one that worked on it
    indexed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, name)
);

-- Few are being indexed at any time.
CREATE INDEX project_indexing ON project (job_id) WHERE state = 1;
