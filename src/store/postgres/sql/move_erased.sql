SELECT * FROM :"schema".mh_move_erased($1, $2, $3)
