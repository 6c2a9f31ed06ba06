SELECT * FROM :"schema".mh_move_release($1, $2, $3)
