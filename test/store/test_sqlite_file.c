/* What SQLite alone has: a file that may be anything. */
#include "fixture.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

static void run_sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char *error = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK) fail_msg("%s", error);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static struct mh_err refusal_with(struct fixture *f, const struct mh_store_options *options)
{
    struct mh_err err;
    assert_null(fixture_open_with(f, options, &err));
    assert_null(strchr(err.text, '\n'));
    return err;
}

/* Opening fails, with this code and these words. */
static void assert_refused(struct fixture *f, int code, const char *words)
{
    struct mh_store_options options = fixture_options(f);
    struct mh_err err = refusal_with(f, &options);
    assert_int_equal(err.code, code);
    if (strstr(err.text, f->path) == NULL) fail_msg("no path in \"%s\"", err.text);
    if (strstr(err.text, words) == NULL) fail_msg("no \"%s\" in \"%s\"", words, err.text);
}

static void make_store(struct fixture *f)
{
    mh_store_close(fixture_open(f));
}

static void a_new_file_is_the_owners_alone(void **state)
{
    struct fixture *f = *state;
    mode_t before = umask(0);
    struct mh_store *store = fixture_open(f);
    const struct mh_store_info *info = mh_store_info(store);
    assert_string_equal(info->backend, "sqlite");
    assert_string_equal(info->location, f->path);
    assert_int_equal(info->schema_version, info->schema_latest);
    assert_true(info->notifies);
    struct stat file;
    assert_int_equal(stat(f->path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    mh_store_close(store);
    umask(before);
}

static bool exists(const struct fixture *f, const char *suffix)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s%s", f->path, suffix);
    return access(path, F_OK) == 0;
}

static void the_log_goes_when_the_last_one_closes(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    enqueue(f, "t");
    assert_true(exists(f, "-wal"));
    mh_store_close(f->store);
    f->store = NULL;
    assert_false(exists(f, "-wal"));
    assert_false(exists(f, "-shm"));
}

static void what_was_written_is_there_again(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    struct mh_uuid id = enqueue(f, "t");
    mh_store_close(f->store);
    struct mh_store_options options = fixture_options(f);
    options.synchronous_full = true;
    struct mh_err err;
    f->store = fixture_open_with(f, &options, &err);
    assert_non_null(f->store);
    assert_int_equal(status_of(f, id), MH_STATUS_PENDING);
}

static int read_number(const struct fixture *f, const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int number = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

static int count_leases(const struct fixture *f)
{
    return read_number(f, "SELECT count(*) FROM lease");
}

/* Else the row of each would stay as long as its worker does. */
static void no_lease_outlives_its_jobs(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    int64_t worker = join_as(f, "w");
    struct mh_dispatch theirs = a_job("t");
    theirs.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    enqueue(f, "t");
    enqueue(f, "t");
    struct held finished = claim_one(f, worker), cancelled = claim_one(f, worker);
    enqueue_job(f, theirs);
    claim_one(f, worker);
    assert_int_equal(count_leases(f), 3);
    finish(f, finished, MH_OUTCOME_COMPLETED);
    assert_int_equal(count_leases(f), 2);
    act(f, MH_ACT_CANCEL, cancelled.id);
    assert_int_equal(count_leases(f), 1);
    fixture_wait(f, mh_store_tenant_remove(f->store, &theirs.tenant_id, fixture_done, f, NULL));
    assert_int_equal(count_leases(f), 0);
}

static void limit(struct fixture *f, int64_t max)
{
    const struct mh_limits limits = {.max = max};
    fixture_wait(f, mh_store_type_limit(f->store, "t", &limits, fixture_done, f, NULL));
}

/* To say of thousands what their span says would take long. */
static void jobs_leave_their_span_for_limits_alone(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    enqueue(f, "t");
    limit(f, 0);
    assert_int_equal(read_number(f, "SELECT count(*) FROM span"), 1);
    limit(f, 1);
    assert_int_equal(read_number(f, "SELECT count(*) FROM span"), 0);
}

static int try_sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return rc;
}

static void a_job_in_a_span_has_no_state_of_its_own(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    enqueue(f, "t");
    const char *const wrong[] = {
        "UPDATE job SET lease = 1",        "UPDATE job SET due_at = 1",
        "UPDATE job SET status = 0",       "UPDATE job SET status = 1, due_at = 1",
        "UPDATE job SET attempts = 1",     "UPDATE job SET started_at = 1",
        "UPDATE job SET completed_at = 1", "UPDATE job SET worker_id = 'w'",
        "UPDATE job SET unique_key = 'k'",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++)
        if (try_sql(f->path, wrong[i]) != SQLITE_CONSTRAINT) fail_msg("%s", wrong[i]);
    assert_int_equal(try_sql(f->path, "UPDATE job SET status = 0, due_at = 1"), SQLITE_OK);
}

/* What was asked for before the close is carried out, though nobody hears the answer. */
static void closing_carries_out_what_was_asked_for(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    struct mh_dispatch jobs[10];
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        jobs[i] = a_job("t");
        jobs[i].id = mh_uuid_new();
        assert_int_equal(mh_store_dispatch(f->store, &jobs[i], 1, fixture_done, f, NULL), 0);
    }
    mh_store_close(f->store);
    assert_null(f->reply);
    f->store = fixture_open(f);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], MH_LEN(jobs));
}

static void a_store_may_be_closed_before_it_is_ready(void **state)
{
    struct fixture *f = *state;
    struct mh_store_options options = fixture_options(f);
    struct mh_store *store = NULL;
    assert_int_equal(mh_store_open(&f->loop, &options, fixture_done, f, &store, NULL), 0);
    struct mh_dispatch job = a_job("t");
    job.id = mh_uuid_new();
    assert_int_equal(mh_store_dispatch(store, &job, 1, fixture_done, f, NULL), 0);
    mh_store_close(store);
    assert_null(f->reply);
    f->store = fixture_open(f);
    assert_int_equal(status_of(f, job.id), MH_STATUS_PENDING);
}

static void a_url_that_is_none_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *url, *words;
    } cases[] = {
        {NULL, "empty"},
        {"", "empty"},
        {"jobs.db", "say sqlite:jobs.db"},
        {"/tmp/a:b.db", "say sqlite:/tmp/a:b.db"},
        {"mysql://user:secret@host/db",
         "unknown kind of store \"mysql\": this program knows sqlite"},
        {"sqlite:", "names no file"},
        {"sqlite://jobs.db", "say sqlite:FILE"},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        const struct mh_store_options options = {.url = cases[i].url};
        struct mh_err err = refusal_with(f, &options);
        assert_int_equal(err.code, MH_EINVAL);
        if (strstr(err.text, cases[i].words) == NULL) fail_msg("%s", err.text);
        assert_null(strstr(err.text, "secret"));
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 100; i++)
        assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void what_is_no_database_is_refused(void **state)
{
    struct fixture *f = *state;
    write_file(f->path, "this is a shopping list, is it not?\n");
    assert_refused(f, MH_ESTORE, "it is not a SQLite database");
}

static void the_database_of_another_program_is_left_alone(void **state)
{
    struct fixture *f = *state;
    run_sql(f->path, "CREATE TABLE mine (x)");
    assert_refused(f, MH_ESTORE, "it is another program's database");
    run_sql(f->path, "DROP TABLE mine; PRAGMA user_version = 3");
    assert_refused(f, MH_ESTORE, "it is another program's database");
    assert_false(exists(f, "-wal"));
}

static void an_empty_file_becomes_a_store(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    f->store = fixture_open(f);
    enqueue(f, "t");
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    run_sql(f->path, "PRAGMA user_version = 9999");
    assert_refused(f, MH_ESTORE, ": use a newer millhand");
}

static void an_older_schema_is_brought_up_and_keeps_its_jobs(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    struct mh_uuid id = enqueue(f, "t");
    mh_store_close(f->store);
    run_sql(f->path, "DROP TABLE blueprint; DROP TABLE index_text; DROP TABLE index_import; DROP "
                     "TABLE index_symbol;"
                     "DROP TABLE index_file; DROP TABLE project_index;"
                     "DROP TABLE index_text_words; DROP TABLE index_symbol_words;"
                     "DROP TRIGGER type_of_projects; DROP TABLE credential; DROP TABLE project;"
                     "DROP TABLE schedule; DROP VIEW gate_group; DROP TABLE gate;"
                     "DROP INDEX job_waiting; DROP INDEX job_gated;"
                     "ALTER TABLE job DROP COLUMN grp;"
                     "DROP TABLE arrival; DROP TABLE departure; DROP TABLE mover;"
                     "DROP TABLE identity; DROP TABLE follow; DROP TABLE event;"
                     "DELETE FROM migration WHERE version > 1;"
                     "PRAGMA user_version = 1");
    f->store = fixture_open(f);
    const struct mh_store_info *info = mh_store_info(f->store);
    assert_int_equal(info->schema_version, info->schema_latest);
    assert_id_equal(claim_one(f, join_as(f, "w")).id, id);
}

static void an_altered_migration_is_refused(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    run_sql(f->path, "UPDATE migration SET checksum = '0123456789abcdef'");
    assert_refused(f, MH_ESTORE, "migration 0001_jobs");
}

static void a_damaged_file_is_refused(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    FILE *file = fopen(f->path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 100, SEEK_SET), 0);
    for (int i = 0; i < 4000; i++)
        assert_true(fputc('x', file) != EOF);
    assert_int_equal(fclose(file), 0);
    assert_refused(f, MH_ESTORE, "the file is damaged");
}

static void nothing_is_made_that_shall_be_kept(void **state)
{
    struct fixture *f = *state;
    struct mh_store_options options = fixture_options(f);
    options.keep_schema = true;
    assert_int_equal(refusal_with(f, &options).code, MH_ENOENT);
    assert_false(exists(f, ""));
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    struct mh_err err = refusal_with(f, &options);
    assert_int_equal(err.code, MH_ESTATE);
    assert_non_null(strstr(err.text, ": run millhand migrate"));
    make_store(f);
    f->store = fixture_open_with(f, &options, &err);
    assert_non_null(f->store);
}

static void a_missing_folder_is_named(void **state)
{
    struct fixture *f = *state;
    (void)snprintf(f->url, sizeof f->url, "sqlite:%s/no/such/jobs.db", f->folder);
    assert_refused(f, MH_EIO, "there is no folder");
}

static void a_folder_is_no_store(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_refused(f, MH_EIO, "it is not a file");
}

static void the_location_has_no_symbolic_links(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    char link[100];
    (void)snprintf(link, sizeof link, "%s/link.db", f->folder);
    assert_int_equal(symlink(f->path, link), 0);
    char file[600];
    (void)snprintf(file, sizeof file, "%s", f->path);
    (void)snprintf(f->url, sizeof f->url, "sqlite:%s", link);
    f->store = fixture_open(f);
    assert_string_equal(mh_store_info(f->store)->location, file);
}

static void a_long_path_can_be_watched(void **state)
{
    struct fixture *f = *state;
    char folder[400];
    (void)snprintf(folder, sizeof folder, "%s/%0250d", f->folder, 1);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)snprintf(f->url, sizeof f->url, "sqlite:%s/jobs.db", folder);
    f->store = fixture_open(f);
    assert_int_equal(mh_store_watch(f->store, MH_NEWS_DUE, (mh_news_fn *)abort, NULL, NULL), 0);
    assert_true(mh_store_info(f->store)->notifies);
    struct stat wake;
    assert_true(exists(f, "-wake"));
    char path[600];
    (void)snprintf(path, sizeof path, "%s-wake", f->path);
    assert_int_equal(stat(path, &wake), 0);
    assert_int_equal(wake.st_mode & 0777, 0700);
}

/* --- as somebody who may not, in a process of its own */

static int child_open(const char *url, const char *words)
{
    if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0) return 77;
    struct fixture f = {0};
    (void)snprintf(f.url, sizeof f.url, "%s", url);
    mh_arena_init(&f.arena, 1 << 20);
    if (uv_loop_init(&f.loop) < 0) return 1;
    struct mh_store_options options = fixture_options(&f);
    struct mh_err err;
    struct mh_store *store = fixture_open_with(&f, &options, &err);
    bool as_expected = store == NULL && strstr(err.text, words) != NULL &&
                       strstr(err.text, f.url + strlen("sqlite:")) != NULL;
    if (!as_expected) fprintf(stderr, "%s\n", store != NULL ? "opened" : err.text);
    fixture_detach(&f);
    return as_expected ? 0 : 1;
}

static void assert_nobody_is_refused(struct fixture *f, const char *words)
{
    const char *const args[] = {"open", f->url, words, NULL};
    int fd = -1;
    int status = fixture_join(fixture_spawn(args, &fd));
    (void)close(fd);
    if (status == 77) skip(); /* not root: nobody else to be */
    assert_int_equal(status, 0);
}

static void a_read_only_file_is_refused(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    assert_int_equal(chmod(f->folder, 0777), 0);
    assert_int_equal(chmod(f->path, 0444), 0);
    assert_nobody_is_refused(f, "Permission denied");
}

static void a_read_only_folder_is_refused(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    assert_int_equal(chmod(f->path, 0666), 0);
    assert_int_equal(chmod(f->folder, 0555), 0);
    assert_nobody_is_refused(f, "files are written beside it");
    assert_int_equal(unlink(f->path), 0);
    assert_nobody_is_refused(f, "unable to create");
}

/* --- when no more can be written, in a process of its own */

static int child_fill(const char *url)
{
    struct fixture f;
    fixture_attach(&f, url);
    struct mh_uuid first = enqueue(&f, "t");
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {1 << 20, RLIM_INFINITY}, large = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &small) < 0) return 1;
    static char payload[500000];
    memset(payload, ' ', sizeof payload);
    payload[0] = '{';
    payload[sizeof payload - 1] = '}';
    struct mh_dispatch job = a_job("t");
    job.payload = payload;
    job.payload_len = sizeof payload;
    int code = 0, done = 0;
    while (code == 0 && done++ < 100)
        code = enqueue_code(&f, job);
    if (code != MH_ESTORE || setrlimit(RLIMIT_FSIZE, &large) < 0) return 2;
    if (enqueue_code(&f, job) != 0) return 3;
    if (status_of(&f, first) != MH_STATUS_PENDING) return 4;
    if (stats(&f).count[MH_STATUS_PENDING] != done + 1) return 5;
    fixture_detach(&f);
    return 0;
}

static void a_store_recovers_when_there_is_room_again(void **state)
{
    struct fixture *f = *state;
    const char *const args[] = {"fill", f->url, NULL};
    int fd = -1;
    assert_int_equal(fixture_join(fixture_spawn(args, &fd)), 0);
    (void)close(fd);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "open") == 0) return child_open(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "fill") == 0) return child_fill(argv[2]);
    const struct CMUnitTest tests[] = {
        FILE_TEST(a_new_file_is_the_owners_alone),
        FILE_TEST(the_log_goes_when_the_last_one_closes),
        FILE_TEST(what_was_written_is_there_again),
        FILE_TEST(no_lease_outlives_its_jobs),
        FILE_TEST(jobs_leave_their_span_for_limits_alone),
        FILE_TEST(a_job_in_a_span_has_no_state_of_its_own),
        FILE_TEST(closing_carries_out_what_was_asked_for),
        FILE_TEST(a_store_may_be_closed_before_it_is_ready),
        FILE_TEST(a_url_that_is_none_is_refused),
        FILE_TEST(what_is_no_database_is_refused),
        FILE_TEST(the_database_of_another_program_is_left_alone),
        FILE_TEST(an_empty_file_becomes_a_store),
        FILE_TEST(a_newer_schema_is_refused),
        FILE_TEST(an_older_schema_is_brought_up_and_keeps_its_jobs),
        FILE_TEST(an_altered_migration_is_refused),
        FILE_TEST(a_damaged_file_is_refused),
        FILE_TEST(nothing_is_made_that_shall_be_kept),
        FILE_TEST(a_missing_folder_is_named),
        FILE_TEST(a_folder_is_no_store),
        FILE_TEST(the_location_has_no_symbolic_links),
        FILE_TEST(a_long_path_can_be_watched),
        FILE_TEST(a_read_only_file_is_refused),
        FILE_TEST(a_read_only_folder_is_refused),
        FILE_TEST(a_store_recovers_when_there_is_room_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
