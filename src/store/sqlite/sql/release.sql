-- The operation succeeded.
RELEASE operation;
