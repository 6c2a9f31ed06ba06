SELECT * FROM :"schema".mh_follow_events()
