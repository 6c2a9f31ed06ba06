-- $1 payload: a row for bench.
INSERT INTO :"schema".bare (payload) VALUES ($1::jsonb)
