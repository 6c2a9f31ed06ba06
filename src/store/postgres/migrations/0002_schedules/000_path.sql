-- Schedules: what dispatches jobs again and again.

SET LOCAL search_path = :"schema", pg_temp;
