DO $$ BEGIN PERFORM mh_lock_down(); END $$;
