SELECT * FROM :"schema".mh_move_erase($1, $2, $3, $4)
