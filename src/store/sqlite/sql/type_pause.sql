-- Type ?1 is paused (1) or not (0). By the unique name.
UPDATE type SET paused = ?2 WHERE name = ?1;
