#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/ignore.h"

static struct mh_arena arena;

static int setup(void **state)
{
    mh_arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    mh_arena_release(&arena);
    return 0;
}

static const struct mh_ignore *parse(const struct mh_ignore *above, const char *folder,
                                     const char *text)
{
    const struct mh_ignore *set;
    assert_int_equal(mh_ignore_parse(&arena, above, strlen(folder), text, strlen(text), &set, NULL),
                     0);
    return set;
}

static bool ignored(const struct mh_ignore *set, const char *path)
{
    int64_t budget = 1000000;
    size_t len = strlen(path);
    bool folder = path[len - 1] == '/';
    char bare[200];
    snprintf(bare, sizeof bare, "%.*s", (int)(folder ? len - 1 : len), path);
    return mh_ignore_matches(set, bare, folder ? MH_PATH_FOLDER : MH_PATH_FILE, &budget);
}

/* Each pattern with paths that it names, and (behind !) that it does not; a folder ends with a
 * slash. All are what `git check-ignore` says. */
static void patterns_name_what_git_says(void **state)
{
    static const struct {
        const char *pattern;
        const char *paths[8];
    } cases[] = {
        {"foo", {"foo", "a/foo", "foo/", "!food", "!foo.c"}},
        {"*.o", {"a.o", "x/a.o", ".o", "!a.oo"}},
        {"/foo", {"foo", "!a/foo"}},
        {"a/b", {"a/b", "!x/a/b"}},
        {"foo/", {"foo/", "a/foo/", "!foo"}},
        {"a/*", {"a/b", "!a/b/c", "!a"}},
        {"a/**", {"a/b", "a/b/c", "!a/"}},
        {"**/b", {"b", "a/b", "a/x/b"}},
        {"a/**/b", {"a/b", "a/x/b", "a/x/y/b", "!ab"}},
        {"a?c", {"abc", "!ac", "!abbc"}},
        {"[a-c]x", {"ax", "cx", "!dx"}},
        {"[!a]x", {"bx", "!ax"}},
        {"[]a]", {"]", "a", "!b"}},
        {"[[:digit:]]", {"1", "!a"}},
        {"[[:none:]a]", {"!a", "!:"}},
        {"[ab", {"!a", "![ab"}},
        {"\\#x", {"#x"}},
        {"\\!x", {"!y", "!x!"}},
        {"x\\ ", {"x ", "!x"}},
        {"x  ", {"x", "!x  "}},
        {"x\r", {"x"}},
        {"\\*", {"*", "!a"}},
        {"a\\", {"!a", "!a\\"}},
        {"/", {"!a"}},
        {"# a", {"!# a", "!a"}},
        {"*a*b*c", {"xaybzc", "abc", "!acb"}},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        const struct mh_ignore *set = parse(NULL, "", cases[i].pattern);
        for (size_t p = 0; p < MH_LEN(cases[i].paths) && cases[i].paths[p] != NULL; p++) {
            bool expected = cases[i].paths[p][0] != '!';
            const char *path = cases[i].paths[p] + !expected;
            if (ignored(set, path) != expected)
                fail_msg("%s names %s: expected %d", cases[i].pattern, path, expected);
        }
    }
}

static void the_last_pattern_that_matches_decides(void **state)
{
    const struct mh_ignore *set = parse(NULL, "", "*.c\n!a.c\nb/a.c\n");
    assert_true(ignored(set, "x.c"));
    assert_false(ignored(set, "a.c"));
    assert_true(ignored(set, "b/a.c"));
}

static void a_deeper_file_comes_before_one_above(void **state)
{
    const struct mh_ignore *above = parse(NULL, "", "*.c\n");
    const struct mh_ignore *set = parse(above, "d/", "!a.c\n/b\n");
    assert_false(ignored(set, "d/a.c"));
    assert_true(ignored(set, "d/x.c"));
    assert_true(ignored(set, "d/b"));
    assert_false(ignored(set, "d/e/b"));
}

static void hostile_patterns_use_up_their_budget_and_no_more(void **state)
{
    char pattern[2001], path[4001];
    for (size_t i = 0; i + 1 < sizeof pattern; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[2000] = '\0';
    memset(path, 'a', sizeof path - 1);
    path[4000] = '\0';
    path[3999] = 'b';
    const struct mh_ignore *set = parse(NULL, "", pattern);
    int64_t budget = 100000000;
    assert_false(mh_ignore_matches(set, path, MH_PATH_FILE, &budget));
    assert_true(budget > 90000000);
    budget = 10;
    assert_false(mh_ignore_matches(set, path, MH_PATH_FILE, &budget));
    assert_true(budget < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(patterns_name_what_git_says, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_pattern_that_matches_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(a_deeper_file_comes_before_one_above, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_patterns_use_up_their_budget_and_no_more, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
