-- For the transaction it stands in: the commit is not waited for.
SELECT set_config('synchronous_commit', 'off', true)
