#include "fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "fixture_pg.h"
#include "store/blueprint.h"
#include "store/index.h"

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    return remove(path);
}

/* The pattern with each "%s" replaced; a pattern is no format to be trusted. */
static void expand(const char *pattern, const char *name, char *ret_url, size_t size)
{
    size_t len = 0;
    while (*pattern != '\0' && len + strlen(name) + 1 < size) {
        if (strncmp(pattern, "%s", 2) == 0) {
            memcpy(ret_url + len, name, strlen(name));
            len += strlen(name);
            pattern += 2;
        } else {
            ret_url[len++] = *pattern++;
        }
    }
    ret_url[len] = '\0';
}

/* Ten seconds, unless the machine is a slow one or an emulated one. */
static void set_alarm(void)
{
    const char *seconds = getenv("MILLHAND_TEST_SECONDS");
    (void)alarm(seconds != NULL ? (unsigned)strtoul(seconds, NULL, 10) : 10);
}

static struct fixture *make(void)
{
    set_alarm();
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/millhand-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->name, sizeof f->name, "t_%s", f->folder + strlen(f->folder) - 6);
    (void)snprintf(f->url, sizeof f->url, "sqlite:%s/%s.db", f->folder, f->name);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    mh_arena_init(&f->arena, (size_t)1 << 30);
    f->now = TEST_START;
    mh_clock_fake(f->now);
    return f;
}

int fixture_setup_file(void **state)
{
    struct fixture *f = make();
    f->path = strchr(f->url, ':') + 1;
    *state = f;
    return 0;
}

int fixture_setup(void **state)
{
    struct fixture *f = make();
    const char *pattern = getenv("MILLHAND_TEST_STORE");
    if (pattern != NULL) expand(pattern, f->name, f->url, sizeof f->url);
    if (fixture_is_pg(f)) fixture_pg_setup(f);
    f->store = fixture_open(f);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    mh_store_close(f->store);
    fixture_pg_teardown(f);
    mh_loop_close(&f->loop);
    mh_arena_release(&f->arena);
    (void)nftw(f->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    mh_clock_fake(0);
    free(f);
    (void)alarm(0);
    return 0;
}

void fixture_attach(struct fixture *f, const char *url)
{
    set_alarm();
    *f = (struct fixture){0};
    (void)snprintf(f->url, sizeof f->url, "%s", url);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    mh_arena_init(&f->arena, (size_t)1 << 30);
    f->store = fixture_open(f);
}

void fixture_detach(struct fixture *f)
{
    mh_store_close(f->store);
    mh_loop_close(&f->loop);
    mh_arena_release(&f->arena);
}

pid_t fixture_spawn(const char *const *args, int *ret_fd)
{
    char program[PATH_MAX] = {0};
    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    const char *argv[8] = {program};
    for (size_t i = 0; args[i] != NULL && i + 2 < MH_LEN(argv); i++)
        argv[i + 1] = args[i];
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO), 0);
    pid_t pid = 0;
    assert_int_equal(posix_spawn(&pid, program, &actions, NULL, (char *const *)argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(fds[1]);
    *ret_fd = fds[0];
    return pid;
}

int fixture_join(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void fixture_advance(struct fixture *f, int64_t ms)
{
    f->now += ms;
    mh_clock_fake(f->now);
    if (f->pg != NULL) fixture_pg_set_clock(f);
}

/* --- blocking calls */

static void *copy(struct mh_arena *arena, const void *items, size_t count, size_t size)
{
    if (items == NULL) return NULL;
    void *bytes = mh_arena_array(arena, count, size);
    assert_non_null(bytes);
    if (count > 0) memcpy(bytes, items, count * size);
    return bytes;
}

static void copy_job(struct mh_arena *arena, struct mh_job *job)
{
    job->type = mh_arena_str(arena, job->type);
    job->payload = mh_arena_copy(arena, job->payload, job->payload_len);
    job->result = mh_arena_copy(arena, job->result, job->result_len);
    job->error = mh_arena_str(arena, job->error);
    job->worker_id = mh_arena_str(arena, job->worker_id);
    job->unique_key = mh_arena_str(arena, job->unique_key);
    job->correlation_id = mh_arena_str(arena, job->correlation_id);
    job->traceparent = mh_arena_str(arena, job->traceparent);
}

static void copy_attempt(struct mh_arena *arena, struct mh_attempt *attempt)
{
    attempt->worker_id = mh_arena_str(arena, attempt->worker_id);
    attempt->outcome = mh_arena_str(arena, attempt->outcome);
    attempt->error = mh_arena_str(arena, attempt->error);
    attempt->log = mh_arena_str(arena, attempt->log);
}

static void copy_schedule(struct mh_arena *arena, struct mh_schedule *schedule)
{
    schedule->name = mh_arena_str(arena, schedule->name);
    schedule->type = mh_arena_str(arena, schedule->type);
    schedule->cron = mh_arena_str(arena, schedule->cron);
    schedule->tz = mh_arena_str(arena, schedule->tz);
    if (schedule->payload != NULL)
        schedule->payload = mh_arena_copy(arena, schedule->payload, schedule->payload_len);
}

static void copy_credential(struct mh_arena *arena, struct mh_credential *credential)
{
    credential->name = mh_arena_str(arena, credential->name);
    credential->username = mh_arena_str(arena, credential->username);
    credential->host = mh_arena_str(arena, credential->host);
    credential->key_id = mh_arena_str(arena, credential->key_id);
    if (credential->sealed != NULL)
        credential->sealed = mh_arena_copy(arena, credential->sealed, credential->sealed_len);
}

static void copy_project(struct mh_arena *arena, struct mh_project *project)
{
    project->name = mh_arena_str(arena, project->name);
    project->url = mh_arena_str(arena, project->url);
    project->ref = mh_arena_str(arena, project->ref);
    project->credential = mh_arena_str(arena, project->credential);
    project->path = mh_arena_str(arena, project->path);
    project->commit = mh_arena_str(arena, project->commit);
}

static void copy_rows(struct mh_arena *arena, struct mh_reply *to, const struct mh_reply *from)
{
    struct mh_job *jobs = copy(arena, from->jobs, from->count, sizeof *jobs);
    for (size_t i = 0; jobs != NULL && i < from->count; i++)
        copy_job(arena, &jobs[i]);
    to->jobs = jobs;
    struct mh_attempt *attempts = copy(arena, from->attempts, from->count, sizeof *attempts);
    for (size_t i = 0; attempts != NULL && i < from->count; i++)
        copy_attempt(arena, &attempts[i]);
    to->attempts = attempts;
    struct mh_tenant *tenants = copy(arena, from->tenants, from->count, sizeof *tenants);
    for (size_t i = 0; tenants != NULL && i < from->count; i++)
        tenants[i].name = mh_arena_str(arena, tenants[i].name);
    to->tenants = tenants;
    struct mh_type *types = copy(arena, from->types, from->count, sizeof *types);
    for (size_t i = 0; types != NULL && i < from->count; i++) {
        types[i].name = mh_arena_str(arena, types[i].name);
        types[i].limits.key = mh_arena_str(arena, types[i].limits.key);
    }
    to->types = types;
    struct mh_worker_row *workers = copy(arena, from->workers, from->count, sizeof *workers);
    for (size_t i = 0; workers != NULL && i < from->count; i++) {
        workers[i].id = mh_arena_str(arena, workers[i].id);
        workers[i].types = mh_arena_str(arena, workers[i].types);
    }
    to->workers = workers;
    struct mh_schedule *schedules = copy(arena, from->schedules, from->count, sizeof *schedules);
    for (size_t i = 0; schedules != NULL && i < from->count; i++)
        copy_schedule(arena, &schedules[i]);
    to->schedules = schedules;
    struct mh_credential *credentials =
        copy(arena, from->credentials, from->count, sizeof *credentials);
    for (size_t i = 0; credentials != NULL && i < from->count; i++)
        copy_credential(arena, &credentials[i]);
    to->credentials = credentials;
    struct mh_project *projects = copy(arena, from->projects, from->count, sizeof *projects);
    for (size_t i = 0; projects != NULL && i < from->count; i++)
        copy_project(arena, &projects[i]);
    to->projects = projects;
    struct mh_event *events = copy(arena, from->events, from->count, sizeof *events);
    for (size_t i = 0; events != NULL && i < from->count; i++) {
        events[i].type = mh_arena_str(arena, events[i].type);
        events[i].worker_id = mh_arena_str(arena, events[i].worker_id);
        events[i].text = mh_arena_str(arena, events[i].text);
    }
    to->events = events;
}

static void copy_index(struct mh_arena *arena, struct mh_reply *to, const struct mh_reply *from)
{
    struct mh_index *indexes = copy(arena, from->indexes, from->count, sizeof *indexes);
    for (size_t i = 0; indexes != NULL && i < from->count; i++) {
        indexes[i].commit = mh_arena_str(arena, indexes[i].commit);
        indexes[i].totals = mh_arena_str(arena, indexes[i].totals);
    }
    to->indexes = indexes;
    struct mh_index_file *files = copy(arena, from->files, from->count, sizeof *files);
    for (size_t i = 0; files != NULL && i < from->count; i++) {
        files[i].path = mh_arena_str(arena, files[i].path);
        files[i].blob = mh_arena_str(arena, files[i].blob);
        files[i].language = mh_arena_str(arena, files[i].language);
        files[i].body = mh_arena_str(arena, files[i].body);
    }
    to->files = files;
    struct mh_index_symbol *symbols = copy(arena, from->symbols, from->count, sizeof *symbols);
    for (size_t i = 0; symbols != NULL && i < from->count; i++) {
        symbols[i].path = mh_arena_str(arena, symbols[i].path);
        symbols[i].name = mh_arena_str(arena, symbols[i].name);
        symbols[i].kind = mh_arena_str(arena, symbols[i].kind);
        symbols[i].scope = mh_arena_str(arena, symbols[i].scope);
        symbols[i].signature = mh_arena_str(arena, symbols[i].signature);
    }
    to->symbols = symbols;
    struct mh_index_import *imports = copy(arena, from->imports, from->count, sizeof *imports);
    for (size_t i = 0; imports != NULL && i < from->count; i++) {
        imports[i].path = mh_arena_str(arena, imports[i].path);
        imports[i].target = mh_arena_str(arena, imports[i].target);
        imports[i].resolved = mh_arena_str(arena, imports[i].resolved);
    }
    to->imports = imports;
    struct mh_hit *hits = copy(arena, from->hits, from->count, sizeof *hits);
    for (size_t i = 0; hits != NULL && i < from->count; i++) {
        hits[i].path = mh_arena_str(arena, hits[i].path);
        hits[i].kind = mh_arena_str(arena, hits[i].kind);
        hits[i].text = mh_arena_str(arena, hits[i].text);
    }
    to->hits = hits;
}

static void copy_blueprints(struct mh_arena *arena, struct mh_reply *to,
                            const struct mh_reply *from)
{
    struct mh_blueprint *blueprints =
        copy(arena, from->blueprints, from->count, sizeof *blueprints);
    for (size_t i = 0; blueprints != NULL && i < from->count; i++) {
        blueprints[i].commit = mh_arena_str(arena, blueprints[i].commit);
        blueprints[i].markdown = mh_arena_str(arena, blueprints[i].markdown);
        blueprints[i].json = mh_arena_str(arena, blueprints[i].json);
    }
    to->blueprints = blueprints;
}

static const struct mh_leaving *copy_leaving(struct mh_arena *arena, const struct mh_reply *reply)
{
    struct mh_leaving *leaving = copy(arena, reply->leaving, reply->count, sizeof *leaving);
    for (size_t i = 0; leaving != NULL && i < reply->count; i++)
        leaving[i].stamp = mh_arena_str(arena, leaving[i].stamp);
    return leaving;
}

void fixture_done(void *arg, const struct mh_reply *reply)
{
    struct fixture *f = arg;
    struct mh_reply *to = mh_arena_alloc(&f->arena, sizeof *to);
    assert_non_null(to);
    *to = *reply;
    to->dispatched = copy(&f->arena, reply->dispatched, reply->count, sizeof *reply->dispatched);
    to->statuses = copy(&f->arena, reply->statuses, reply->count, sizeof *reply->statuses);
    to->acts = copy(&f->arena, reply->acts, reply->count, sizeof *reply->acts);
    to->stats = copy(&f->arena, reply->stats, 1, sizeof *reply->stats);
    to->ids = copy(&f->arena, reply->ids, reply->count, sizeof *reply->ids);
    to->holds = copy(&f->arena, reply->holds, reply->count, sizeof *reply->holds);
    to->leaving = copy_leaving(&f->arena, reply);
    copy_rows(&f->arena, to, reply);
    copy_index(&f->arena, to, reply);
    copy_blueprints(&f->arena, to, reply);
    f->reply = to;
}

static const struct mh_reply *wait_for_reply(struct fixture *f)
{
    while (f->reply == NULL)
        uv_run(&f->loop, UV_RUN_ONCE);
    const struct mh_reply *reply = f->reply;
    f->reply = NULL;
    return reply;
}

const struct mh_reply *fixture_wait(struct fixture *f, int called)
{
    assert_int_equal(called, 0);
    const struct mh_reply *reply = wait_for_reply(f);
    if (reply->code != 0) fail_msg("%s", reply->err.text);
    return reply;
}

int fixture_wait_code(struct fixture *f, int called)
{
    return called < 0 ? called : wait_for_reply(f)->code;
}

static void set_flag(void *arg)
{
    *(int *)arg = 1;
}

void fixture_until(struct fixture *f, const int *flag, int64_t ms)
{
    int late = 0;
    struct mh_timer *timer = NULL;
    assert_int_equal(mh_timer_new(&f->loop, set_flag, &late, &timer, NULL), 0);
    mh_timer_start(timer, ms, 0);
    while (*flag == 0 && !late)
        uv_run(&f->loop, UV_RUN_ONCE);
    mh_timer_drop(timer);
    if (*flag == 0) fail_msg("nothing happened for %lld ms", (long long)ms);
}

/* --- opening */

struct mh_store_options fixture_options(const struct fixture *f)
{
    return (struct mh_store_options){
        .url = f->url,
        .schema = f->name,
        .max_payload_bytes = 1048576,
        .max_result_bytes = 1048576,
    };
}

struct mh_store *fixture_open_with(struct fixture *f, const struct mh_store_options *options,
                                   struct mh_err *ret_err)
{
    struct mh_store *store = NULL;
    *ret_err = (struct mh_err){0};
    if (mh_store_open(&f->loop, options, fixture_done, f, &store, ret_err) < 0) return NULL;
    const struct mh_reply *reply = wait_for_reply(f);
    if (reply->code == 0) return store;
    *ret_err = reply->err;
    assert_int_equal(reply->code, reply->err.code);
    mh_store_close(store);
    return NULL;
}

struct mh_store *fixture_open(struct fixture *f)
{
    struct mh_store_options options = fixture_options(f);
    struct mh_err err;
    struct mh_store *store = fixture_open_with(f, &options, &err);
    if (store == NULL) fail_msg("%s", err.text);
    return store;
}

/* --- shorthands */

struct mh_dispatch a_job(const char *type)
{
    return (struct mh_dispatch){.type = type, .payload = "{}", .payload_len = 2};
}

void fill_payload(char *payload, size_t len)
{
    static const char head[] = "{\"a\": \"", tail[] = "\"}";
    memset(payload, 'x', len);
    memcpy(payload, head, strlen(head));
    memcpy(payload + len - strlen(tail), tail, strlen(tail));
}

static void fill(struct mh_dispatch *job)
{
    if (mh_uuid_equal(&job->id, &mh_uuid_zero)) job->id = mh_uuid_new();
}

struct mh_uuid enqueue_job(struct fixture *f, struct mh_dispatch job)
{
    fill(&job);
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_dispatch(f->store, &job, 1, fixture_done, f, NULL));
    assert_int_equal(reply->count, 1);
    return reply->dispatched[0].id;
}

struct mh_uuid enqueue(struct fixture *f, const char *type)
{
    return enqueue_job(f, a_job(type));
}

int enqueue_code(struct fixture *f, struct mh_dispatch job)
{
    fill(&job);
    return fixture_wait_code(f, mh_store_dispatch(f->store, &job, 1, fixture_done, f, NULL));
}

int64_t join_as(struct fixture *f, const char *worker_id)
{
    const struct mh_join join = {.worker_id = worker_id, .lease_ms = LEASE_MS};
    return fixture_wait(f, mh_store_join(f->store, &join, fixture_done, f, NULL))->lease;
}

const struct mh_reply *claim(struct fixture *f, int64_t worker, size_t limit)
{
    const struct mh_claim claim = {.worker = worker, .limit = limit};
    return fixture_wait(f, mh_store_claim(f->store, &claim, fixture_done, f, NULL));
}

const struct mh_reply *claim_type(struct fixture *f, int64_t worker, size_t limit, const char *type)
{
    const struct mh_claim claim = {
        .worker = worker, .limit = limit, .types = &type, .type_count = 1};
    return fixture_wait(f, mh_store_claim(f->store, &claim, fixture_done, f, NULL));
}

struct held claim_one(struct fixture *f, int64_t worker)
{
    const struct mh_reply *reply = claim(f, worker, 1);
    assert_int_equal(reply->count, 1);
    return (struct held){.lease = reply->lease, .id = reply->jobs[0].id};
}

enum mh_status finish_with(struct fixture *f, struct mh_finish finish)
{
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_finish(f->store, &finish, 1, fixture_done, f, NULL));
    assert_int_equal(reply->count, 1);
    return reply->statuses[0];
}

enum mh_status finish(struct fixture *f, struct held held, enum mh_outcome outcome)
{
    bool failed = outcome == MH_OUTCOME_RETRY || outcome == MH_OUTCOME_FAILED;
    return finish_with(f, (struct mh_finish){.lease = held.lease,
                                             .id = held.id,
                                             .outcome = outcome,
                                             .error = failed ? "it broke" : NULL});
}

enum mh_status beat(struct fixture *f, int64_t worker, struct held held)
{
    const struct mh_held one = {.lease = held.lease, .id = held.id};
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_heartbeat(f->store, worker, &one, 1, fixture_done, f, NULL));
    assert_int_equal(reply->count, 1);
    return reply->statuses[0];
}

size_t reclaim(struct fixture *f)
{
    return fixture_wait(f, mh_store_reclaim(f->store, 1000, fixture_done, f, NULL))->count;
}

const struct mh_job *get(struct fixture *f, struct mh_uuid id)
{
    const struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = &id, .id_count = 1, .limit = 1, .bodies = true};
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_list(f->store, &filter, fixture_done, f, NULL));
    return reply->count > 0 ? &reply->jobs[0] : NULL;
}

enum mh_status status_of(struct fixture *f, struct mh_uuid id)
{
    const struct mh_job *job = get(f, id);
    return job != NULL ? job->status : MH_STATUS_NONE;
}

const struct mh_reply *attempts_of(struct fixture *f, struct mh_uuid id)
{
    return fixture_wait(f, mh_store_attempts(f->store, &id, fixture_done, f, NULL));
}

struct mh_acted act(struct fixture *f, enum mh_act act, struct mh_uuid id)
{
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_act(f->store, act, &id, 1, fixture_done, f, NULL));
    assert_int_equal(reply->count, 1);
    return reply->acts[0];
}

struct mh_stats stats(struct fixture *f)
{
    return *fixture_wait(f, mh_store_stats(f->store, NULL, fixture_done, f, NULL))->stats;
}

struct mh_uuid add_tenant(struct fixture *f, const char *name, enum mh_plan plan)
{
    const struct mh_tenant tenant = {.id = mh_uuid_new(), .name = name, .plan = plan};
    (void)fixture_wait(f, mh_store_tenant_add(f->store, &tenant, fixture_done, f, NULL));
    return tenant.id;
}

void assert_id_equal(struct mh_uuid a, struct mh_uuid b)
{
    assert_memory_equal(a.b, b.b, sizeof a.b);
}
