-- The upkeep of what others left behind goes with it.
SELECT taken, :"schema".mh_upkeep() FROM :"schema".mh_reclaim($1) taken
