-- The operation failed; those before it stay.
ROLLBACK TO operation;
