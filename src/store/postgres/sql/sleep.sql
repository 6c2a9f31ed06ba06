SELECT :"schema".mh_sleep()
