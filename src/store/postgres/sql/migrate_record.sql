INSERT INTO :"schema".migration (version, name, checksum) VALUES ($1::int, $2, $3)
