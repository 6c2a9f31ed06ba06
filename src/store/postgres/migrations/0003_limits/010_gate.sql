-- Limits on how many jobs of a type run at once. A type with any has a row here and is `gated`.
--
-- What runs is what stands in the leases: there is no counter. So that two claims do not both take
-- the last place, a claim holds the gate's advisory lock from before it counts until it commits.
-- Only claims take it, and whoever changes the limits; a dispatch or a finish never waits for it,
-- and a claim that cannot have it at once goes on without the type.

SET LOCAL search_path = :"schema", pg_temp;

CREATE TABLE gate (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type        text NOT NULL UNIQUE REFERENCES type,
    max_running int NOT NULL, -- here and below: 0 is no limit
    per_tenant  int NOT NULL,
    per_key     int NOT NULL,
    key         text -- the member of the payload that per_key is about
);

-- What stands at the gates, group by group: the jobs of a group may not run beside each other
-- without limit.
CREATE INDEX scheduled_grouped ON scheduled (lane, tenant_id, grp, run_at, seq)
    WHERE grp IS NOT NULL;

-- The tenant and the grp that a job counts for: '=' and the value of the gate's key, or nothing
-- where it has none. Where only the whole is limited, all are one group.
CREATE FUNCTION mh_group(g gate, owner_id uuid, payload jsonb, OUT tenant_id uuid, OUT grp text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN g.per_tenant > 0 OR g.per_key > 0 THEN owner_id
           ELSE '00000000-0000-0000-0000-000000000000'::uuid END,
        coalesce('=' || left(payload ->> g.key, 200), '')
$$;
