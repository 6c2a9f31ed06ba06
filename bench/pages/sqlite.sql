-- Fills a new SQLite store with what `draft` has; `number_id` is the program's.

INSERT INTO tenant
SELECT number, number_id(number), 'tenant ' || number, number % 4, 1700000000000
FROM (SELECT DISTINCT tenant AS number FROM draft) WHERE number > 0;
INSERT INTO type (id, name) SELECT 1 + type, 'type.' || type FROM (SELECT DISTINCT type FROM draft);
INSERT INTO lane (id, type, priority)
SELECT 1 + 2 * type + step, 1 + type, 5 * step
FROM (SELECT DISTINCT type FROM draft), (SELECT 0 AS step UNION SELECT 1);
INSERT INTO worker VALUES (1, 'measured', 1700000000000, 32503680000000, 60000, NULL);
INSERT INTO lease VALUES (1, 1, 1700000000000, 60000);

-- As the program keeps them: what waits since it was dispatched, runs or is completed, in spans.
CREATE TEMP VIEW spanned AS
SELECT seq, 1 + 2 * type + tenant % 2 AS lane, status FROM draft
WHERE status IN (1, 2) OR (status = 0 AND NOT early);

INSERT INTO job (seq, id, tenant, lane, status, attempts, max_attempts, due_at, run_at, created_at,
                 started_at, completed_at, worker_id, error, payload)
SELECT seq, number_id(seq), tenant, 1 + 2 * type + tenant % 2,
    CASE WHEN status > 2 OR early AND status = 0 THEN status END, status = 3, 3,
    CASE WHEN early AND status = 0 THEN 32503680000000 END,
    CASE WHEN early AND status = 0 THEN 32503680000000 ELSE 1700000000000 + seq END,
    1700000000000 + seq,
    CASE WHEN status = 3 THEN 1700000000000 + seq END,
    CASE WHEN status > 2 THEN 1700000000000 + seq END,
    CASE WHEN status = 3 THEN 'measured' END,
    CASE status WHEN 3 THEN 'no' END, '{"to":"ada","n":' || seq || '}'
FROM draft;
INSERT INTO span (first, last, lane, status, lease, started_at, completed_at, worker_id)
SELECT min(seq), max(seq), lane, status, CASE status WHEN 1 THEN 1 END,
    CASE WHEN status > 0 THEN 1700000000000 + min(seq) END,
    CASE status WHEN 2 THEN 1700000000000 + min(seq) END,
    CASE WHEN status > 0 THEN 'measured' END
FROM (SELECT *, seq - row_number() OVER (PARTITION BY lane, status ORDER BY seq) AS run
      FROM spanned)
GROUP BY lane, status, run;
INSERT INTO owned SELECT tenant, lane, seq FROM job ORDER BY 1, 2, 3;
UPDATE owned_up_to SET seq = (SELECT max(seq) FROM job);
INSERT INTO result SELECT seq, '[1]' FROM draft WHERE status = 2;
INSERT INTO tally SELECT tenant, lane, 0, count(*) FROM job GROUP BY 1, 2;
INSERT INTO tally
SELECT tenant, 1 + 2 * type + tenant % 2, status, count(*) FROM draft WHERE status >= 2
GROUP BY 1, 2, 3;
INSERT INTO tally SELECT -1, lane, status, sum(n) FROM tally GROUP BY 2, 3;
