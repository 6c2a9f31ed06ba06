-- A tenant: id ?1, name ?2, plan ?3, created_at ?4.
INSERT INTO tenant (id, name, plan, created_at) VALUES (?1, ?2, ?3, ?4);
