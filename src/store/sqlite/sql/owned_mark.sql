-- The jobs of each tenant are in owned up to seq ?1. By the primary key.
UPDATE owned_up_to SET seq = ?1 WHERE only_row = 1;
