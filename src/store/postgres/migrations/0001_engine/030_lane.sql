-- A type is known from its first job or its first pause on.
CREATE TABLE type (
    name   text PRIMARY KEY,
    paused boolean NOT NULL DEFAULT false,
    gated  boolean NOT NULL DEFAULT false -- it has limits: jobs of it pass a gate (0003_limits)
);

-- A claim asks for these, and finds none at no cost.
CREATE INDEX type_held ON type (name) WHERE paused OR gated;

-- One type at one priority. A claim walks the lanes it serves, so that it never meets a job that it
-- does not want. No unclaimed job of the lane has, or will ever have, a position up to `low`.
CREATE TABLE lane (
    id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type     text NOT NULL REFERENCES type,
    priority int NOT NULL CHECK (priority BETWEEN 0 AND 100),
    low      bigint NOT NULL DEFAULT 0,
    UNIQUE (type, priority)
) WITH (fillfactor = 20);
