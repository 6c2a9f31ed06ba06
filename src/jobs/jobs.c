#include "jobs/jobs.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "jobs/git.h"
#include "jobs/messages.h"
#include "jobs/workdir.h"

/* The exit statuses of a one-shot handler. */
#define EXIT_FOR_GOOD 65
#define EXIT_LATER    75

#define ARENA_MAX ((size_t)1 << 30)
#define ENV_MAX   64

/* This very program, also where its file was replaced meanwhile. */
#define PROGRAM "/proc/self/exe"

/* What every built-in type gets: the way to the store, and how much goes there. */
static const char every_setting[] = "DATABASE_URL MILLHAND_SCHEMA MILLHAND_ENV SQLITE_SYNCHRONOUS "
                                    "MAX_PAYLOAD_BYTES MAX_RESULT_BYTES";
static const char every_variable[] =
    "PGPASSWORD PGPASSFILE PGSSLMODE PGSSLROOTCERT PGSSLCERT PGSSLKEY PGSERVICE PGSERVICEFILE "
    "PGCONNECT_TIMEOUT SSL_CERT_FILE SSL_CERT_DIR";

/* By name, then one without. */
static const struct mh_job_type types[] = {
    {"ai_generate", MH_MESSAGES_SETTINGS, NULL, mh_job_ai_generate},
    {"blueprint", MH_MESSAGES_SETTINGS, NULL, mh_job_blueprint},
    {"index", MH_GIT_SETTINGS, MH_GIT_VARIABLES " " MH_WORKDIR_VARIABLES, mh_job_index},
    {NULL},
};

const struct mh_job_type *mh_job_type_at(size_t index)
{
    return index + 1 < MH_LEN(types) ? &types[index] : NULL;
}

/* --- for the worker */

struct env {
    const struct mh_settings *settings;
    char *const *environment;
    struct mh_arena *arena;
    const char **entries;
    size_t count;
};

/* The word of `list` at *at, copied, and *at moved past it; NULL: there is none left. */
static const char *next_word(struct mh_arena *arena, const char **at)
{
    *at += strspn(*at, " ");
    size_t len = strcspn(*at, " ");
    const char *word = len > 0 ? mh_arena_copy(arena, *at, len) : NULL;
    *at += len;
    return word;
}

static bool add(struct env *env, const char *entry)
{
    if (entry == NULL) return true;
    if (env->count == ENV_MAX) return false;
    env->entries[env->count++] = entry;
    return true;
}

static bool add_settings(struct env *env, const char *list)
{
    for (const char *word; list != NULL && (word = next_word(env->arena, &list)) != NULL;) {
        const char *entry;
        if (mh_settings_entry(env->settings, word, env->arena, &entry) < 0 || !add(env, entry))
            return false;
    }
    return true;
}

static bool add_variables(struct env *env, const char *list)
{
    for (const char *word; list != NULL && (word = next_word(env->arena, &list)) != NULL;) {
        size_t len = strlen(word);
        for (size_t i = 0; env->environment[i] != NULL; i++)
            if (strncmp(env->environment[i], word, len) == 0 && env->environment[i][len] == '=' &&
                !add(env, env->environment[i]))
                return false;
    }
    return true;
}

int mh_job_type_env(const struct mh_job_type *type, const struct mh_settings *settings,
                    char *const *environment, struct mh_arena *arena, const char *const **ret_env,
                    struct mh_err *err)
{
    struct env env = {settings, environment, arena,
                      mh_arena_array(arena, ENV_MAX + 1, sizeof *env.entries), 0};
    bool fits = env.entries != NULL && add_settings(&env, every_setting) &&
                add_settings(&env, type->settings) && add_variables(&env, every_variable) &&
                add_variables(&env, type->variables);
    if (!fits)
        return mh_err_set(err, MH_ENOMEM, "unable to serve type %s: out of memory", type->name);
    *ret_env = env.entries;
    return 0;
}

int mh_job_type_argv(const struct mh_job_type *type, struct mh_arena *arena,
                     const char *const **ret_argv, struct mh_err *err)
{
    const char **argv = mh_arena_array(arena, 4, sizeof *argv);
    if (argv == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to serve type %s: out of memory", type->name);
    argv[0] = PROGRAM;
    argv[1] = "job";
    argv[2] = type->name;
    *ret_argv = argv;
    return 0;
}

/* --- in the child */

static int number_of(const char *name, int if_unset)
{
    const char *text = getenv(name);
    return text != NULL ? (int)strtol(text, NULL, 10) : if_unset;
}

static const struct mh_job_type *find(const char *name)
{
    for (size_t i = 0; i + 1 < MH_LEN(types); i++)
        if (strcmp(types[i].name, name) == 0) return &types[i];
    return NULL;
}

static int read_settings(struct mh_settings *settings, struct mh_err *err)
{
    if (mh_settings_init(settings) < 0)
        return mh_err_set(err, MH_ENOMEM, "unable to read the settings: out of memory");
    mh_settings_load(settings, environ, "/dev/null", false); /* the worker has read its .env */
    if (mh_settings_finish(settings) == 0) return 0;
    return mh_err_set(err, MH_EINVAL, "wrong settings: %s", mh_buf_text(&settings->problems));
}

static int read_job(struct mh_job_context *job, json_t **ret_payload, struct mh_err *err)
{
    const char *id = getenv("MILLHAND_JOB_ID"), *tenant = getenv("MILLHAND_JOB_TENANT_ID");
    if (id == NULL || tenant == NULL || mh_uuid_parse(id, &job->id) < 0 ||
        mh_uuid_parse(tenant, &job->tenant_id) < 0)
        return mh_err_set(err, MH_EINVAL, "a worker runs this: dispatch a job of that type");
    job->attempt = number_of("MILLHAND_JOB_ATTEMPT", 1);
    job->event_fd = number_of("MILLHAND_EVENT_FD", -1);
    struct mh_buf text;
    mh_buf_init(&text, (size_t)job->settings->max_payload_bytes);
    int r = mh_file_read_fd(STDIN_FILENO, "the payload", &text, err);
    if (r == 0) r = mh_json_check(mh_buf_text(&text), text.len, MH_JSON_OBJECT, err);
    if (r == 0) {
        *ret_payload = json_loadb(mh_buf_text(&text), text.len, 0, NULL);
        if (*ret_payload == NULL)
            r = mh_err_set(err, MH_ENOMEM, "unable to read the payload: out of memory");
        job->payload = *ret_payload;
    }
    mh_buf_release(&text);
    return r;
}

static int answer(const struct mh_job_context *job, struct mh_err *err)
{
    if (job->later_ms >= 0) {
        if (job->event_fd >= 0)
            (void)dprintf(job->event_fd, "{\"later\":\"%" PRId64 "ms\"}\n", job->later_ms);
        return EXIT_LATER;
    }
    if (mh_buf_failed(&job->result))
        return mh_err_set(err, mh_buf_full(&job->result) ? MH_ELIMIT : MH_ENOMEM,
                          "the result is larger than MAX_RESULT_BYTES");
    size_t len = fwrite(mh_buf_text(&job->result), 1, job->result.len, stdout);
    if (len != job->result.len || fflush(stdout) != 0)
        return mh_err_set(err, MH_EIO, "unable to write the result");
    return 0;
}

static int run(const struct mh_job_type *type, struct mh_job_context *job, struct mh_err *err)
{
    struct mh_settings settings = {0};
    json_t *payload = NULL;
    int r = read_settings(&settings, err);
    job->settings = &settings;
    mh_buf_init(&job->result, (size_t)settings.max_result_bytes);
    mh_arena_init(&job->arena, ARENA_MAX);
    if (r == 0) r = read_job(job, &payload, err);
    if (r == 0) r = type->run(job, err);
    if (r == 0) r = answer(job, err);
    mh_sync_close(&job->sync);
    json_decref(payload);
    mh_arena_release(&job->arena);
    mh_buf_release(&job->result);
    mh_settings_release(&settings);
    return r;
}

static bool is_for_good(int code)
{
    static const int codes[] = {MH_EINVAL, MH_ENOENT, MH_EEXIST, MH_ESTATE, MH_ELIMIT, MH_EPERM};
    for (size_t i = 0; i < MH_LEN(codes); i++)
        if (codes[i] == code) return true;
    return false;
}

bool mh_jobs_wanted(int argc, char *const *argv)
{
    return argc == 3 && strcmp(argv[1], "job") == 0;
}

int mh_jobs_main(const char *name)
{
    sigset_t held;
    struct mh_err err = {0};
    const struct mh_job_type *type = find(name);
    struct mh_job_context job = {.later_ms = -1, .event_fd = -1};
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGTERM);
    (void)sigaddset(&held, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &held, NULL);            /* a valid set: cannot fail */
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* lowering: cannot fail */
    int r = type != NULL
                ? run(type, &job, &err)
                : mh_err_set(&err, MH_EINVAL, "there is no built-in job type of this name");
    if (r >= 0) return r;
    mh_job_log("%s", err.text);
    return is_for_good(r) ? EXIT_FOR_GOOD : EXIT_FAILURE;
}
