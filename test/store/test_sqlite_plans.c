/* No statement may read all jobs, or all that grows with them: each query plan is looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/file.h"

#define FOLDER "src/store/sqlite"

static void read_text(const char *folder, const char *name, struct mh_buf *text)
{
    const char *root = getenv("SOURCE_ROOT");
    assert_non_null(root);
    char path[600];
    (void)snprintf(path, sizeof path, "%s/" FOLDER "/%s/%s", root, folder, name);
    mh_buf_reset(text);
    struct mh_err err = {0};
    if (mh_file_read(path, text, &err) < 0) fail_msg("%s", err.text);
}

/* A step that reads every row of a table, or all of an index that is not a small one. */
static bool reads_too_much(const char *step)
{
    const char *const tables[] = {"job", "payload", "result", "attempt", "event", "owned"};
    for (size_t i = 0; i < MH_LEN(tables); i++) {
        char scan[40];
        (void)snprintf(scan, sizeof scan, "SCAN %s", tables[i]);
        size_t len = strlen(scan);
        if (strncmp(step, scan, len) != 0 || (step[len] != '\0' && step[len] != ' ')) continue;
        /* Pending jobs are counted and listed through their index; newer
         * versions of SQLite find more of them covering. */
        return strcmp(step + len, " USING INDEX job_due") != 0 &&
               strcmp(step + len, " USING COVERING INDEX job_due") != 0;
    }
    return false;
}

/* Returns how many steps the plan has. `want` is in each of them, unless it is NULL. */
static int check_plan(sqlite3 *db, const char *name, const char *text, const char *want)
{
    struct mh_buf explain;
    mh_buf_init(&explain, 65536);
    mh_buf_printf(&explain, "EXPLAIN QUERY PLAN %s", text);
    sqlite3_stmt *plan = NULL;
    if (sqlite3_prepare_v2(db, mh_buf_text(&explain), -1, &plan, NULL) != SQLITE_OK)
        fail_msg("%s: %s", name, sqlite3_errmsg(db));
    int steps = 0;
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        if (reads_too_much(step)) fail_msg("%s: %s", name, step);
        if (want != NULL && strstr(step, want) == NULL) fail_msg("%s: %s", name, step);
        steps++;
    }
    sqlite3_finalize(plan);
    mh_buf_release(&explain);
    return steps;
}

static int is_migration(const struct dirent *entry)
{
    return strstr(entry->d_name, ".sql") != NULL;
}

static sqlite3 *make_schema(struct mh_buf *text)
{
    sqlite3 *db = NULL;
    char path[600];
    struct dirent **entries = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    (void)snprintf(path, sizeof path, "%s/" FOLDER "/migrations", getenv("SOURCE_ROOT"));
    int count = scandir(path, &entries, is_migration, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        read_text("migrations", entries[i]->d_name, text);
        assert_int_equal(sqlite3_exec(db, mh_buf_text(text), NULL, NULL, NULL), SQLITE_OK);
        free(entries[i]);
    }
    free(entries);
    return db;
}

/* The files of several statements set up a connection; the others are one statement. */
static bool has_plan(const char *name)
{
    return strstr(name, ".sql") != NULL && strcmp(name, "configure.sql") != 0;
}

static void no_statement_reads_all_jobs(void **state)
{
    struct mh_buf text;
    mh_buf_init(&text, 65536);
    sqlite3 *db = make_schema(&text);
    char path[600];
    (void)snprintf(path, sizeof path, "%s/" FOLDER "/sql", getenv("SOURCE_ROOT"));
    DIR *dir = opendir(path);
    assert_non_null(dir);
    int steps = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (!has_plan(entry->d_name)) continue;
        read_text("sql", entry->d_name, &text);
        steps += check_plan(db, entry->d_name, mh_buf_text(&text), NULL);
    }
    closedir(dir);
    assert_true(steps > 60);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    mh_buf_release(&text);
}

/* Thousands of jobs of a group that is full are passed in one step: the groups are found, and their
 * first jobs read, by searches of job_waiting that name all columns before the order. */
static void blocked_jobs_are_not_walked(void **state)
{
    struct mh_buf text;
    mh_buf_init(&text, 65536);
    sqlite3 *db = make_schema(&text);
    const struct {
        const char *name, *step;
    } searches[] = {
        {"group_next.sql", "(lane=? AND (tenant,grp)>(?,?))"},
        {"group_due.sql", "(lane=? AND tenant=? AND grp=? AND due_at<?)"},
    };
    for (size_t i = 0; i < MH_LEN(searches); i++) {
        read_text("sql", searches[i].name, &text);
        assert_int_equal(check_plan(db, searches[i].name, mh_buf_text(&text), searches[i].step), 1);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    mh_buf_release(&text);
}

static void a_scan_of_all_jobs_is_noticed(void **state)
{
    assert_true(reads_too_much("SCAN job"));
    assert_true(reads_too_much("SCAN job USING INDEX job_ended"));
    assert_true(reads_too_much("SCAN attempt"));
    assert_false(reads_too_much("SCAN job USING INDEX job_due"));
    assert_false(reads_too_much("SEARCH job USING INDEX job_ended (status=?)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_statement_reads_all_jobs),
        cmocka_unit_test(blocked_jobs_are_not_walked),
        cmocka_unit_test(a_scan_of_all_jobs_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
