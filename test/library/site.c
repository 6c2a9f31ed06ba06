#include "site.h"

#include <dirent.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char folder[64];
static char url[512];
static char schema[32];

/* In silence: standard output is the test's own report. */
static int migrate(void)
{
    char program[] = "millhand", command[] = "migrate";
    char *const argv[] = {program, command, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = -1;
    if (setenv("DATABASE_URL", url, 1) < 0 || setenv("MILLHAND_SCHEMA", schema, 1) < 0 ||
        posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    if (posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawn(&pid, getenv("MILLHAND"), &actions, NULL, argv, environ) == 0)
        (void)waitpid(pid, &status, 0); /* the status says whether it went well */
    (void)posix_spawn_file_actions_destroy(&actions);
    return status == 0 ? 0 : -1;
}

int site_setup(void **state)
{
    const char *given = getenv("MILLHAND_TEST_STORE");
    (void)state;
    (void)snprintf(schema, sizeof schema, "library_%d", (int)getpid());
    if (given != NULL && strncmp(given, "postgres", 8) == 0) {
        (void)snprintf(url, sizeof url, "%s", given);
        return migrate();
    }
    (void)snprintf(folder, sizeof folder, "/tmp/millhand-library-XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(url, sizeof url, "sqlite:%s/jobs.db", folder);
    return 0;
}

static int drop_schema(void)
{
    char text[100];
    PGconn *pg = PQconnectdb(url);
    (void)snprintf(text, sizeof text, "SET client_min_messages=error; DROP SCHEMA %s CASCADE",
                   schema);
    PGresult *result = PQexec(pg, text);
    int r = PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : -1;
    PQclear(result);
    PQfinish(pg);
    return r;
}

static void remove_files(const char *path)
{
    char name[512];
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (unlink(name) < 0) remove_files(name);
    }
    if (dir != NULL) (void)closedir(dir);
    (void)rmdir(path);
}

int site_teardown(void **state)
{
    (void)state;
    if (folder[0] == '\0') return drop_schema();
    remove_files(folder);
    return 0;
}

void site_ok(int r, const struct millhand_error *err)
{
    if (r < 0) fail_msg("%d: %s", err->code, err->message);
}

struct millhand *site_open(const struct millhand_options *options)
{
    struct millhand_options own = {0};
    struct millhand_error err;
    struct millhand *mh = NULL;
    if (options != NULL) own = *options;
    own.schema = schema;
    site_ok(millhand_open(url, &own, &mh, &err), &err);
    return mh;
}

struct millhand *site_open_logging(millhand_log_fn *log, void *arg)
{
    return site_open(&(struct millhand_options){.log = log, .log_arg = arg});
}

void site_dispatch(struct millhand *mh, const char *type, char id[MILLHAND_ID_SIZE])
{
    struct millhand_error err;
    site_ok(millhand_dispatch(mh, &(struct millhand_job_spec){.type = type}, id, &err), &err);
}

struct millhand_job *site_get(struct millhand *mh, const char *id)
{
    struct millhand_error err;
    struct millhand_job *job = NULL;
    site_ok(millhand_get(mh, id, &job, &err), &err);
    return job;
}

enum millhand_status site_status(struct millhand *mh, const char *id)
{
    struct millhand_job *job = site_get(mh, id);
    enum millhand_status status = job->status;
    millhand_job_free(job);
    return status;
}

void site_tick(int *ms)
{
    if ((*ms)-- <= 0) fail_msg("not in time");
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}
