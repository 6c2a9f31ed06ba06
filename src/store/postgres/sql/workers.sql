SELECT * FROM :"schema".mh_workers()
