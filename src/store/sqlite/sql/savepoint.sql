-- Before each of several operations that share a transaction.
SAVEPOINT operation;
