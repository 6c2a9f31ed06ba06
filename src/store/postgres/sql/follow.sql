SELECT :"schema".mh_follow()
