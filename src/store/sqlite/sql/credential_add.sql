-- A credential: tenant ?1, name ?2, username ?3, host ?4, key_id ?5, sealed ?6, now ?7.
INSERT INTO credential (tenant, name, username, host, key_id, sealed, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7);
