/* A persistent handler in twenty lines, which bench runs of itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench/bench.h"

/* The worker writes the request's number first; what has none, a notification, needs no answer. */
static void answer(const char *line)
{
    const char *id = strstr(line, "\"id\":");
    if (id == NULL || strstr(line, "\"method\":\"job.run\"") == NULL) return;
    (void)printf("{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":null}\n", strtol(id + 5, NULL, 10));
    (void)fflush(stdout); /* asked for at the end */
}

int mh_bench_answer(struct mh_err *err)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0 && !ferror(stdout))
        answer(line);
    free(line);
    return ferror(stdout) ? mh_err_sys(err, EIO, "unable to answer") : 0;
}
