SELECT :"schema".mh_awake()
