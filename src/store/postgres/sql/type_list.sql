SELECT * FROM :"schema".mh_types()
