/* A worker in fifty lines: runs jobs of the type "greet" on four threads, until SIGINT or SIGTERM.
 *
 *     cc greet.c -o greet $(pkg-config --cflags --libs millhand)
 *     ./greet sqlite:millhand.db
 */
#include <err.h>
#include <millhand.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct millhand_worker *worker;

static void on_signal(int number)
{
    (void)number;
    millhand_worker_stop(worker);
}

/* A line on standard error for everything from "job claimed" on. */
static void log_line(void *arg, int level, const char *message, const char *fields)
{
    (void)arg;
    fprintf(stderr, "%d %s %s\n", level, message, fields);
}

/* Enough for an example; a program of yours has a JSON library. */
static int greet(struct millhand_run *run, void *arg)
{
    char result[300], name[200] = "stranger";
    const char *at = strstr(millhand_run_job(run)->payload, "\"name\":");
    (void)arg;
    if (at != NULL) sscanf(at + 7, " \"%199[^\"\\]", name);
    if (strcmp(name, "nobody") == 0) return millhand_run_fail(run, "there is nobody to greet");
    snprintf(result, sizeof result, "{\"greeting\":\"Hello, %s\"}", name);
    return millhand_run_result(run, result, 0);
}

int main(int argc, char **argv)
{
    static const struct millhand_handler handlers[] = {{.type = "greet", .fn = greet}};
    const struct millhand_worker_options options = {
        .handlers = handlers, .handler_count = 1, .concurrency = 4};
    struct millhand *mh;
    struct millhand_error err;

    if (millhand_open(argc > 1 ? argv[1] : "sqlite:millhand.db",
                      &(struct millhand_options){.log = log_line}, &mh, &err) < 0 ||
        millhand_worker_new(mh, &options, &worker, &err) < 0)
        errx(1, "%s", err.message);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (millhand_worker_run(worker, &err) < 0) warnx("%s", err.message);
    millhand_worker_free(worker);
    millhand_close(mh);
    return 0;
}
