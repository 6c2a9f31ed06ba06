-- What the span that begins at ?1 has from ?2 on becomes one of its own. By the primary key.
INSERT INTO span (first, last, lane, status, lease, started_at, completed_at, worker_id)
SELECT ?2, last, lane, status, lease, started_at, completed_at, worker_id FROM span
WHERE first = ?1;
