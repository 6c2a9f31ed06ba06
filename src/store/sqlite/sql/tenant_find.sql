-- The number and plan of the tenant with id ?1. By the unique id.
SELECT number, plan FROM tenant WHERE id = ?1;
