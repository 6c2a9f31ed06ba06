-- See ENGINE.md. Goes before the statements of an asker, in their transaction.
SELECT :"schema".mh_speak($1)
