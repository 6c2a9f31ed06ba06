-- Whose database it is; 0 where nobody said.
SELECT application_id FROM pragma_application_id;
