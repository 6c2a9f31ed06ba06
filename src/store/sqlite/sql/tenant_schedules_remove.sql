-- Of tenant ?1. By the unique name.
DELETE FROM schedule WHERE tenant = ?1;
