-- $1 payloads: rows for bench.
INSERT INTO :"schema".bare (payload) SELECT u.payload FROM unnest($1::jsonb[]) u (payload)
