-- Credential ?1, if its revision is ?2, becomes: username ?3, host ?4, key_id ?5, sealed ?6, at ?7.
-- By the primary key.
UPDATE credential
SET revision = revision + 1, username = ?3, host = ?4, key_id = ?5, sealed = ?6, updated_at = ?7
WHERE id = ?1 AND revision = ?2;
