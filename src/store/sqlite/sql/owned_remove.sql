-- Job ?3 of tenant ?1 in lane ?2 goes. By the primary key.
DELETE FROM owned WHERE tenant = ?1 AND lane = ?2 AND seq = ?3;
