#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "jobs/git.h"
#include "jobs/program.h"
#include "jobs/workdir.h"

/* A folder with `source`, a repository of a.txt and zeros.txt, a mebibyte of zeros; its clone is
 * made beside it. */
static char folder[] = "/tmp/millhand-git-XXXXXX";
static char source[64];
static struct mh_settings settings;
static struct mh_job_context job;
static char commit[MH_COMMIT_MAX + 1];

static void git(const char *word, const char *second, const char *third, const char *fourth)
{
    const char *const argv[] = {"git", "-C", source, word, second, third, fourth, NULL};
    const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
                               "GIT_CONFIG_NOSYSTEM=1",
                               "HOME=/nonexistent",
                               "GIT_AUTHOR_NAME=n",
                               "GIT_AUTHOR_EMAIL=n@example.org",
                               "GIT_COMMITTER_NAME=n",
                               "GIT_COMMITTER_EMAIL=n@example.org",
                               NULL};
    const struct mh_program program = {
        .argv = argv, .env = env, .deadline_us = mh_clock_mono_us() + 10000000};
    char last[MH_PROGRAM_LINE + 1];
    int status;
    assert_int_equal(mh_program_run(&program, &status, last, NULL), 0);
    assert_int_equal(status, 0);
}

static void write_file(const char *name, size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", source, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    close(fd);
}

static int setup(void **state)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(source, sizeof source, "%s/source", folder);
    assert_int_equal(mkdir(source, 0700), 0);
    git("init", "-q", "-b", "main");
    write_file("a.txt", 0);
    write_file("zeros.txt", 1 << 20);
    git("add", "a.txt", "zeros.txt", NULL);
    git("commit", "-q", "-m", "m");
    assert_int_equal(mh_settings_init(&settings), 0);
    settings.allow_local_projects = 1;
    job = (struct mh_job_context){.settings = &settings};
    mh_arena_init(&job.arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    mh_arena_release(&job.arena);
    mh_settings_release(&settings);
    int parent = open("/tmp", O_RDONLY | O_DIRECTORY);
    assert_int_equal(mh_remove_tree(parent, folder + strlen("/tmp/"), NULL), 0);
    close(parent);
    return 0;
}

/* Clones, and brings the first `count` of its files. */
static int clone_within(struct mh_git_limits limits, size_t count, struct mh_err *err)
{
    const struct mh_project project = {.name = "p", .url = source};
    const struct mh_tree_file *files[2];
    struct mh_git *git = NULL;
    struct mh_tree tree = {0};
    struct mh_buf list;
    mh_buf_init(&list, 1 << 16);
    int r = mh_git_clone(&job, &project, &limits, folder, &git, commit, err);
    if (r == 0) r = mh_git_tracked(git, &list, err);
    if (r == 0) r = mh_tree_tracked(&tree, -1, mh_buf_text(&list), list.len, err);
    assert_true(r < 0 || tree.count == MH_LEN(files));
    for (size_t i = 0; i < tree.count; i++)
        files[i] = &tree.files[i];
    if (r == 0) r = mh_git_bring(git, files, count, err);
    mh_git_close(git);
    mh_tree_release(&tree);
    mh_buf_release(&list);
    return r;
}

static bool has(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/tree/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void clone_takes_what_is_just_within_its_limits(void **state)
{
    struct mh_err err = {0};
    const struct mh_git_limits limits = {.tree_files = 2, .tree_bytes = 1 << 20};
    if (clone_within(limits, 2, &err) < 0) fail_msg("%s", err.text);
    assert_true(has("a.txt"));
    assert_int_equal(strlen(commit), 40);
}

static void clone_has_what_is_brought_and_no_more(void **state)
{
    struct mh_err err = {0};
    const struct mh_git_limits limits = {.tree_bytes = 1, .blobs_later = true};
    if (clone_within(limits, 1, &err) < 0) fail_msg("%s", err.text);
    assert_true(has("a.txt"));
    assert_false(has("zeros.txt"));
}

static void clone_writes_no_tree_that_is_too_large(void **state)
{
    static const struct {
        struct mh_git_limits limits;
        const char *words;
    } cases[] = {
        {{.tree_files = 1}, "more than 1 files"},
        {{.tree_bytes = (1 << 20) - 1}, "the tree is larger than"},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        struct mh_err err = {0};
        assert_int_equal(clone_within(cases[i].limits, 2, &err), MH_ELIMIT);
        assert_non_null(strstr(err.text, cases[i].words));
        assert_false(has("a.txt"));
        int parent = open(folder, O_RDONLY | O_DIRECTORY);
        assert_int_equal(mh_remove_tree(parent, "tree", NULL), 0);
        close(parent);
    }
}

/* Also where all of it is there before anybody looks. */
static void clone_refuses_a_repository_that_is_too_large(void **state)
{
    struct mh_err err = {0};
    const struct mh_git_limits limits = {.fetched_bytes = 100};
    assert_int_equal(clone_within(limits, 2, &err), MH_ELIMIT);
    assert_non_null(strstr(err.text, "the repository is larger than"));
    assert_false(has("a.txt"));
}

static void clone_ends_when_its_time_is_up(void **state)
{
    struct mh_err err = {0};
    const struct mh_git_limits limits = {.timeout_ms = 1};
    assert_int_equal(clone_within(limits, 2, &err), MH_ETIMEOUT);
    assert_non_null(strstr(err.text, "git took too long"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(clone_takes_what_is_just_within_its_limits),
        TEST(clone_has_what_is_brought_and_no_more),
        TEST(clone_writes_no_tree_that_is_too_large),
        TEST(clone_refuses_a_repository_that_is_too_large),
        TEST(clone_ends_when_its_time_is_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
