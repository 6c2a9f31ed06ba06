-- Run ?2 of index ?1 is seen from now, ?5, on: commit ?3, totals ?4.
UPDATE project_index SET run = ?2, commit_id = ?3, totals = ?4, indexed_at = ?5 WHERE number = ?1;
