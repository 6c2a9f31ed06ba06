-- Limits on how many jobs of a type run at once. A type that has any has a row here, and each of
-- its unfinished jobs a grp; nobody else pays for it.

CREATE TABLE gate (
    type        INTEGER PRIMARY KEY REFERENCES type,
    max_running INTEGER NOT NULL, -- here and below: 0 is no limit
    per_tenant  INTEGER NOT NULL,
    per_key     INTEGER NOT NULL,
    key         TEXT -- the member of the payload that per_key is about
) STRICT;

-- What the job shares with those that it may not run beside: '=' and the value of the gate's key,
-- or nothing where it has no key. Null: its type has no limits, or it has ended.
ALTER TABLE job ADD COLUMN grp TEXT;

CREATE INDEX job_waiting ON job (lane, tenant, grp, due_at) WHERE status = 0 AND grp IS NOT NULL;
CREATE INDEX job_gated ON job (lane, tenant, grp) WHERE lease IS NOT NULL AND grp IS NOT NULL;

-- Which grp a job of a type with limits has. The members of a payload are walked, for a path would
-- not find a name that is written with escapes.
CREATE VIEW gate_group AS
SELECT job.seq, coalesce(
        '=' || substr((SELECT value FROM json_each(
                           coalesce(job.payload,
                                    (SELECT json FROM payload WHERE payload.seq = job.seq)))
                       WHERE json_each.key = gate.key),
                      1, 200),
        '') AS grp
FROM job
CROSS JOIN lane ON lane.id = job.lane
CROSS JOIN gate ON gate.type = lane.type;

PRAGMA user_version = 3;
