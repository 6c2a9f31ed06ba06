SELECT * FROM :"schema".mh_move_hold($1, $2, $3)
