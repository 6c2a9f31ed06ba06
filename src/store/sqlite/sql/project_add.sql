-- A project: id ?1, tenant ?2, name ?3, url ?4, ref ?5, credential ?6, now ?7.
INSERT INTO project (id, tenant, name, url, ref, credential, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7);
