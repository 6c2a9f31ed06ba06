-- The version of the schema; 0 in an empty file.
SELECT user_version FROM pragma_user_version;
