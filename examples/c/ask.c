/* Dispatches a job and prints its result: ask STORE TYPE [PAYLOAD]
 *
 *     cc ask.c -o ask $(pkg-config --cflags --libs millhand)
 *     ./ask sqlite:millhand.db greet '{"name":"Ada"}'
 */
#include <err.h>
#include <millhand.h>
#include <stdio.h>

#define TIMEOUT_MS 30000

int main(int argc, char **argv)
{
    struct millhand *mh;
    struct millhand_error err;
    struct millhand_job *job;
    char id[MILLHAND_ID_SIZE];

    if (argc < 3) errx(2, "usage: ask STORE TYPE [PAYLOAD]");
    const struct millhand_job_spec spec = {.type = argv[2], .payload = argc > 3 ? argv[3] : NULL};

    if (millhand_open(argv[1], NULL, &mh, &err) < 0 || millhand_dispatch(mh, &spec, id, &err) < 0 ||
        millhand_wait(mh, id, TIMEOUT_MS, &job, &err) < 0)
        errx(1, "%s", err.message);
    int completed = job->status == MILLHAND_STATUS_COMPLETED;
    if (completed)
        puts(job->result != NULL ? job->result : "null");
    else
        warnx("%s", job->error != NULL ? job->error : "the job was cancelled");
    millhand_job_free(job);
    millhand_close(mh);
    return completed ? 0 : 3;
}
