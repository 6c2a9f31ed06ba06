SELECT * FROM :"schema".mh_move_drop($1, $2, $3)
