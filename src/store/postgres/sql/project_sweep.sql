SELECT * FROM :"schema".mh_project_sweep()
