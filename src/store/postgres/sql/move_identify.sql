SELECT * FROM :"schema".mh_move_identify()
