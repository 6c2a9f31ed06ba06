#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/blueprint/excerpt.h"

typedef int excerpt_fn(struct mh_arena *arena, const char *text, size_t len, const char **ret_text);

static void assert_excerpt(excerpt_fn *find, const char *text, const char *expected)
{
    struct mh_arena arena;
    const char *found = "untouched";
    mh_arena_init(&arena, 1 << 20);
    assert_int_equal(find(&arena, text, strlen(text), &found), 0);
    if (expected == NULL)
        assert_null(found);
    else
        assert_string_equal(found, expected);
    mh_arena_release(&arena);
}

static void the_first_comment_is_the_purpose(void **state)
{
    assert_excerpt(mh_excerpt_comment, "/* A buffer.\n *\n * More. */\nint a;\n", "A buffer.");
    assert_excerpt(mh_excerpt_comment, "#!/bin/sh\n# Says\n# hello.\n\n# Not this.\n",
                   "Says hello.");
    assert_excerpt(mh_excerpt_comment,
                   "#!/usr/bin/python3\n\"\"\"Reads mail.\n\nUsage: x\n\"\"\"\n", "Reads mail.");
    assert_excerpt(mh_excerpt_comment, "package a\n\n// Package a does b.\nfunc F() {}\n",
                   "Package a does b.");
    assert_excerpt(mh_excerpt_comment, "package a\n\nimport \"b\"\n\n// Max of c.\nconst d = 1\n",
                   NULL);
    assert_excerpt(mh_excerpt_comment, "// functions\nimport a from 'b'\n", NULL);
    assert_excerpt(mh_excerpt_comment, "//! Crate of trees.\nuse x;\n", "Crate of trees.");
    assert_excerpt(mh_excerpt_comment, "-- Tables of people.\nCREATE TABLE a (b);\n",
                   "Tables of people.");
}

static void licences_and_orders_to_programs_are_passed_over(void **state)
{
    assert_excerpt(mh_excerpt_comment,
                   "/*\n * Copyright (c) 2020 A. All rights reserved.\n */\n\n"
                   "/** Parses dates. */\n",
                   "Parses dates.");
    assert_excerpt(mh_excerpt_comment, "// SPDX-License-Identifier: MIT\n\n// eslint-disable\n\n",
                   NULL);
    assert_excerpt(mh_excerpt_comment, "#include <a.h>\n#define B 1\nint c; /* no header */\n",
                   NULL);
    assert_excerpt(mh_excerpt_comment, "", NULL);
    assert_excerpt(mh_excerpt_comment, "/* never closed, yet it says something", //
                   "never closed, yet it says something");
}

static void prose_begins_behind_titles_and_badges(void **state)
{
    assert_excerpt(mh_excerpt_prose,
                   "# Name\n\n[![build](a)](b)\n<p>x</p>\n\nA *fast* [queue](http://q) for\n"
                   "`C`.\n\nMore.\n",
                   "A fast queue for C.");
    assert_excerpt(mh_excerpt_prose, "Name\n====\n\nWhat it is.\n", "What it is.");
    assert_excerpt(mh_excerpt_prose, "# Only a title\n", NULL);
    assert_excerpt(mh_excerpt_prose, "---\nname: Bug\n---\n- a list\nof it\n\nWhat it is.\n",
                   "What it is.");
    assert_excerpt(mh_excerpt_prose, "<h1>\nMill\n</h1>\n\n```\nno\n```\nYes, so.\n", "Yes, so.");
}

static void prose_that_says_what_it_is_goes_before_news(void **state)
{
    assert_excerpt(mh_excerpt_prose,
                   "# Gin Web Framework\n\n## News\n\nWe are *excited*.\n\n"
                   "Gin, by [us](http://x), is a web framework.\n\nGin is not that.\n",
                   "Gin, by us, is a web framework.");
    assert_excerpt(mh_excerpt_prose, "# A\n\nNews.\n\nThis is a thing.\n", "News.");
}

static void long_ones_end_with_a_sentence_or_say_so(void **state)
{
    char text[2000];
    struct mh_arena arena;
    const char *found;
    mh_arena_init(&arena, 1 << 20);
    strcpy(text, "It is a sentence of some length. ");
    memset(text + 33, 'x', 600);
    strcpy(text + 633, ".\n");
    assert_excerpt(mh_excerpt_prose, text, "It is a sentence of some length.");
    for (size_t i = 0; i < 600; i += 6)
        memcpy(text + i, "words ", 7);
    assert_int_equal(mh_excerpt_prose(&arena, text, strlen(text), &found), 0);
    assert_true(strlen(found) <= MH_EXCERPT_MAX);
    assert_string_equal(found + strlen(found) - 8, "words…");
    mh_arena_release(&arena);
}

static void what_is_no_text_does_no_harm(void **state)
{
    assert_excerpt(mh_excerpt_comment, "/* \xff\xfe bytes\x01 of it */", //
                   "\xef\xbf\xbd\xef\xbf\xbd bytes of it");
    assert_excerpt(mh_excerpt_prose, "\xff", NULL);
}

static void names_tell_prose_from_code(void **state)
{
    assert_true(mh_excerpt_is_prose("doc/a.md"));
    assert_true(mh_excerpt_is_prose("README"));
    assert_true(mh_excerpt_is_readme("a/readme.rst"));
    assert_false(mh_excerpt_is_prose("a.md/b.c"));
    assert_false(mh_excerpt_is_readme("readmes.c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_comment_is_the_purpose),
        cmocka_unit_test(licences_and_orders_to_programs_are_passed_over),
        cmocka_unit_test(prose_begins_behind_titles_and_badges),
        cmocka_unit_test(prose_that_says_what_it_is_goes_before_news),
        cmocka_unit_test(long_ones_end_with_a_sentence_or_say_so),
        cmocka_unit_test(what_is_no_text_does_no_harm),
        cmocka_unit_test(names_tell_prose_from_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
