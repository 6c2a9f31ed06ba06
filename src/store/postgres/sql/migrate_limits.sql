-- What is stored by SQL is held to the limits of the program.
SELECT :"schema".mh_configure($1::bigint, $2::bigint)
