/* Claims jobs of a type and finishes them in a loop of its own: by-hand STORE TYPE
 *
 * Reverses each payload's bytes, for want of something better, and ends when nothing is due. While
 * the work on one batch lasts, a heartbeat keeps its leases and tells what was cancelled.
 *
 *     cc by-hand.c -o by-hand $(pkg-config --cflags --libs millhand)
 */
#include <err.h>
#include <millhand.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH 10

/* The payload's bytes backwards, as a JSON array of numbers. */
static char *work(const struct millhand_job *job)
{
    char *text = malloc(job->payload_len * 4 + 3), *at = text;
    if (text == NULL) err(1, NULL);
    *at++ = '[';
    for (size_t i = job->payload_len; i > 0; i--)
        at += sprintf(at, "%d%s", (unsigned char)job->payload[i - 1], i > 1 ? "," : "");
    sprintf(at, "]");
    return text;
}

static void finish(struct millhand *mh, const struct millhand_job *job)
{
    struct millhand_error err;
    char *result = work(job);
    const struct millhand_finish finish = {.verdict = MILLHAND_RUN_DONE, .result = result};
    if (millhand_finish(mh, job, &finish, &err) == MILLHAND_ELEASE)
        warnx("%s", err.message); /* cancelled, or ours no longer */
    else
        printf("%s %s\n", job->id, result);
    free(result);
}

int main(int argc, char **argv)
{
    struct millhand *mh;
    struct millhand_error err;
    struct millhand_jobs *jobs;
    size_t count;

    if (argc != 3) errx(2, "usage: by-hand STORE TYPE");
    const char *const types[] = {argv[2]};
    const struct millhand_claim claim = {.types = types, .type_count = 1, .limit = BATCH};

    if (millhand_open(argv[1], NULL, &mh, &err) < 0) errx(1, "%s", err.message);
    do {
        if (millhand_claim(mh, &claim, &jobs, &err) < 0) errx(1, "%s", err.message);
        count = jobs->count;
        for (size_t i = 0; i < count; i++) {
            if (millhand_heartbeat(mh, jobs, &err) < 0) errx(1, "%s", err.message);
            if (jobs->jobs[i].status == MILLHAND_STATUS_PROCESSING) finish(mh, &jobs->jobs[i]);
        }
        millhand_jobs_free(jobs);
    } while (count > 0);
    millhand_close(mh);
    return 0;
}
