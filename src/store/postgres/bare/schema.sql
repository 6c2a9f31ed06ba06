-- What bench measures PostgreSQL itself by: one table, one index, and what was taken out of it.
CREATE SCHEMA :"schema";
CREATE TABLE :"schema".bare (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    due_at  timestamptz NOT NULL DEFAULT now(),
    payload jsonb NOT NULL
);
CREATE TABLE :"schema".bare_done (
    seq     bigint NOT NULL,
    done_at timestamptz NOT NULL DEFAULT now()
)
