SELECT * FROM :"schema".mh_move_export($1, $2, $3, $4)
