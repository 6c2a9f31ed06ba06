-- A row for bench. 1 due time, 2 payload.
INSERT INTO bare (due_at, payload) VALUES (?1, ?2);
