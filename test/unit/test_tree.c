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

#include "jobs/tree.h"
#include "jobs/workdir.h"

/* A folder to fill, and what is read of it. */
static char folder[] = "/tmp/millhand-tree-XXXXXX";
static int root = -1;
static struct mh_tree tree;

static int setup(void **state)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    root = open(folder, O_RDONLY | O_DIRECTORY);
    assert_true(root >= 0);
    return 0;
}

static int teardown(void **state)
{
    mh_tree_release(&tree);
    close(root);
    int parent = open("/tmp", O_RDONLY | O_DIRECTORY);
    assert_int_equal(mh_remove_tree(parent, folder + strlen("/tmp/"), NULL), 0);
    close(parent);
    return 0;
}

static void make_folder(const char *path)
{
    assert_int_equal(mkdirat(root, path, 0700), 0);
}

static void make_file(const char *path, const char *text, size_t len)
{
    int fd = openat(root, path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

/* "a|b|" */
static const char *walk(void)
{
    static char paths[2000];
    struct mh_err err;
    if (mh_tree_walk(&tree, root, &err) < 0) fail_msg("%s", err.text);
    paths[0] = '\0';
    for (size_t i = 0; i < tree.count; i++) {
        strncat(paths, tree.files[i].path, 100);
        strncat(paths, "|", 2);
    }
    return paths;
}

static int read_path(const char *path, struct mh_buf *content)
{
    struct mh_tree_file file = {.path = path};
    mh_buf_init(content, 100);
    struct mh_tree reading = {.root = root};
    return mh_tree_read(&reading, &file, content, NULL);
}

static void a_walk_finds_what_is_not_ignored_in_the_order_of_paths(void **state)
{
    make_folder("b");
    make_folder("build");
    make_folder(".git");
    make_file(".git/config", "x", 1);
    make_file("b/new\nline", "x", 1);
    make_file("b/\xff", "x", 1);
    make_file("-f", "x", 1);
    make_file("b0", "x", 1);
    make_file("build/x", "x", 1);
    make_file("a.o", "x", 1);
    make_file(".gitignore", "*.o\nbuild/\n", 11);
    assert_string_equal(walk(), "-f|.gitignore|b/new\nline|b/\xff|b0|");
}

static void links_and_pipes_are_left_out_and_never_followed(void **state)
{
    struct mh_buf content;
    make_folder("d");
    make_file("d/f", "x", 1);
    assert_int_equal(symlinkat("/etc", root, "out"), 0);
    assert_int_equal(symlinkat(".", root, "loop"), 0);
    assert_int_equal(symlinkat("/etc/passwd", root, "file"), 0);
    assert_int_equal(symlinkat("/etc/passwd", root, ".gitignore"), 0);
    assert_int_equal(mkfifoat(root, "pipe", 0600), 0);
    assert_string_equal(walk(), "d/f|");
    assert_int_equal(tree.skipped, 5);
    static const char *const out[] = {"out/passwd", "file", "loop/d/f", "pipe", "d", "none", ".."};
    for (size_t i = 0; i < MH_LEN(out); i++) {
        assert_int_equal(read_path(out[i], &content), MH_CONTENT_GONE);
        assert_int_equal(content.len, 0);
        mh_buf_release(&content);
    }
}

static void a_file_is_text_binary_or_too_large(void **state)
{
    struct mh_buf content;
    char large[101];
    memset(large, 'x', sizeof large);
    make_file("text", "ab\n", 3);
    make_file("binary", "a\0b", 3);
    make_file("empty", "", 0);
    make_file("large", large, 101);
    make_file("full", large, 100);
    assert_int_equal(read_path("text", &content), MH_CONTENT_TEXT);
    assert_string_equal(mh_buf_text(&content), "ab\n");
    mh_buf_release(&content);
    static const struct {
        const char *path;
        int content;
    } cases[] = {{"binary", MH_CONTENT_BINARY},
                 {"empty", MH_CONTENT_TEXT},
                 {"large", MH_CONTENT_LARGE},
                 {"full", MH_CONTENT_TEXT}};
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        assert_int_equal(read_path(cases[i].path, &content), cases[i].content);
        mh_buf_release(&content);
    }
}

static void a_tree_that_is_too_deep_is_refused_and_removed(void **state)
{
    int fd = dup(root);
    for (int i = 0; i < MH_TREE_DEPTH + 2000; i++) {
        assert_int_equal(mkdirat(fd, "d", 0700), 0);
        int next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
        assert_true(next >= 0);
        close(fd);
        fd = next;
    }
    close(fd);
    struct mh_err err;
    assert_int_equal(mh_tree_walk(&tree, root, &err), MH_ELIMIT);
    assert_non_null(strstr(err.text, "deeper"));
}

#define HASH "0123456789abcdef0123456789abcdef01234567"

static int tracked(const char *list, size_t len)
{
    return mh_tree_tracked(&tree, root, list, len, NULL);
}

static void what_git_tracks_is_files_without_links_and_submodules(void **state)
{
    static const char list[] = "100644 " HASH " 0\tb\0"
                               "100755 " HASH " 0\ta/x\ny\0"
                               "120000 " HASH " 0\tlink\0"
                               "160000 " HASH " 0\tmodule\0";
    assert_int_equal(tracked(list, sizeof list - 1), 0);
    assert_int_equal(tree.count, 2);
    assert_int_equal(tree.skipped, 2);
    assert_string_equal(tree.files[0].path, "a/x\ny");
    assert_string_equal(tree.files[0].blob, HASH);
}

static void a_list_that_leads_out_of_the_tree_is_refused(void **state)
{
    static const char *const lists[] = {"100644 " HASH " 0\t../x",
                                        "100644 " HASH " 0\ta/../../x",
                                        "100644 " HASH " 0\t/etc/passwd",
                                        "100644 " HASH " 0\t",
                                        "100644 " HASH " 0 x",
                                        "100644 0123 0\tx",
                                        "x"};
    for (size_t i = 0; i < MH_LEN(lists); i++)
        assert_int_equal(tracked(lists[i], strlen(lists[i]) + 1), MH_EINVAL);
    assert_int_equal(tracked("100644 " HASH " 0\tx", 51), MH_EINVAL); /* cut off */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_walk_finds_what_is_not_ignored_in_the_order_of_paths,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(links_and_pipes_are_left_out_and_never_followed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_is_text_binary_or_too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tree_that_is_too_deep_is_refused_and_removed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_git_tracks_is_files_without_links_and_submodules,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_that_leads_out_of_the_tree_is_refused, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
