SELECT * FROM :"schema".mh_move_begin($1, $2)
