#!/bin/sh
# Always fails, to show what becomes of a job that does: it is retried after a growing pause until
# no attempt is left, and then stays in the dead letter with the history of its attempts.
echo "attempt $MILLHAND_ATTEMPT of $MILLHAND_MAX_ATTEMPTS: asking a machine that is never there" >&2
echo "connection refused (this example always fails)" >&2
exit 1
