-- Fills a new PostgreSQL store with what `draft` has. In its schema.

INSERT INTO tenants (id, name, plan)
SELECT lpad(to_hex(d.tenant), 32, '0')::uuid, 'tenant ' || d.tenant, 'free'
FROM (SELECT DISTINCT tenant FROM draft) d WHERE d.tenant > 0;
INSERT INTO type (name) SELECT 'type.' || d.type FROM (SELECT DISTINCT type FROM draft) d;
INSERT INTO lane (id, type, priority) OVERRIDING SYSTEM VALUE
SELECT 1 + 2 * d.type + s.step, 'type.' || d.type, 5 * s.step
FROM (SELECT DISTINCT type FROM draft) d, (VALUES (0), (1)) s (step);
SELECT setval(pg_get_serial_sequence('lane', 'id'), 1000);
INSERT INTO worker (number, name, started_at, beat_at, lease_ms) OVERRIDING SYSTEM VALUE
VALUES (1, 'measured', now(), '3000-01-01', 60000);
SELECT setval(pg_get_serial_sequence('worker', 'number'), 1000);

INSERT INTO job (seq, id, tenant_id, lane, created_at, run_at, payload)
SELECT d.seq, lpad(to_hex(d.seq), 32, '0')::uuid, lpad(to_hex(d.tenant), 32, '0')::uuid,
    1 + 2 * d.type + d.tenant % 2, to_timestamp(1700000000 + d.seq / 1000.0),
    CASE WHEN d.early AND d.status = 0 THEN timestamptz '3000-01-01' END,
    jsonb_build_object('to', 'ada', 'n', d.seq)
FROM draft d ORDER BY d.seq;
SELECT setval('pos', (SELECT max(seq) FROM job));
INSERT INTO ready (pos, seq, lane)
SELECT d.seq, d.seq, 1 + 2 * d.type + d.tenant % 2 FROM draft d WHERE d.status = 0 AND NOT d.early;
INSERT INTO scheduled (seq, run_at, lane)
SELECT d.seq, '3000-01-01', 1 + 2 * d.type + d.tenant % 2 FROM draft d
WHERE d.status = 0 AND d.early;
INSERT INTO lease (claimed_at, lease_ms, worker, special, seqs, lanes, attempts)
SELECT now(), 60000, 1, false, array_agg(d.seq ORDER BY d.seq),
    array_agg((1 + 2 * d.type + d.tenant % 2)::int ORDER BY d.seq), array_agg(1::smallint)
FROM draft d WHERE d.status = 1 GROUP BY d.seq / 50;
INSERT INTO done (seq, started_at, completed_at, worker, status, attempts)
SELECT d.seq, to_timestamp(1700000000 + d.seq / 1000.0), to_timestamp(1700000000 + d.seq / 1000.0),
    1, ('{failed,cancelled}'::job_status[])[d.status - 2], 1
FROM draft d WHERE d.status > 2 ORDER BY d.seq;
-- As if they had been finished by 64.
INSERT INTO done (seq, started_at, completed_at, worker, status, attempts, n, results)
SELECT min(d.seq), to_timestamp(1700000000 + min(d.seq) / 1000.0),
    to_timestamp(1700000000 + min(d.seq) / 1000.0), 1, 'completed', 1, count(*),
    array_agg('[1]'::jsonb)
FROM (SELECT d.seq, d.seq - row_number() OVER (ORDER BY d.seq) AS run FROM draft d
      WHERE d.status = 2) d
GROUP BY d.run, d.seq / 64;
INSERT INTO uncounted (status, seqs)
SELECT ('{completed,failed,cancelled}'::job_status[])[d.status - 1], array_agg(d.seq)
FROM draft d WHERE d.status > 1 GROUP BY d.status, d.seq / 1000;
