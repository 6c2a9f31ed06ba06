-- The same, for a claim that is all there is in its transaction: it need not be durable when it is
-- answered, see durable.h.
SELECT c.* FROM (SELECT set_config('synchronous_commit', 'off', true)) s,
    :"schema".mh_claim($1, $2, $3, $4) c
