SELECT :"schema".mh_version()
