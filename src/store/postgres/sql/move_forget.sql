SELECT * FROM :"schema".mh_move_forget($1, $2, $3)
