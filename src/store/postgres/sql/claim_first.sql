-- The same, for the first of a session; see ENGINE.md for what it costs.
SELECT c.* FROM (SELECT set_config('synchronous_commit', 'off', true)) s,
    :"schema".mh_claim_first($1, $2, $3, $4) c
