INSERT INTO type (name) VALUES (?1);
