#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "jobs/count.h"

static void a_file_has_the_language_of_its_name_ending_or_program(void **state)
{
    static const struct {
        const char *path, *head, *language;
    } cases[] = {
        {"a/b.c", "", "C"},
        {"x.H", "", "C/C++ Header"},
        {"x.C", "", "C++"},
        {"Makefile", "", "make"},
        {"d/meson.build", "", "Meson"},
        {"x.tsx", "", "TypeScript"},
        {"run", "#!/bin/sh\n", "Bourne Shell"},
        {"run", "#!/usr/bin/env python3.11\n", "Python"},
        {"run", "#! /usr/bin/env -S node --x\n", "JavaScript"},
        {"run", "#!", NULL},
        {"run", "python", NULL},
        {"test1", "<?xml version=\"1.0\"?>\n", "XML"},
        {"Dockerfile.debian", "", "Dockerfile"},
        {"x.unknown", "", NULL},
        {".c", "", NULL},
        {"x.c|h", "", NULL},
        {"x.", "", NULL},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        const struct mh_language *language =
            mh_language_of(cases[i].path, cases[i].head, strlen(cases[i].head));
        const char *name = language != NULL ? language->name : NULL;
        if (cases[i].language == NULL ? name != NULL
                                      : name == NULL || strcmp(name, cases[i].language) != 0)
            fail_msg("%s: %s", cases[i].path, name != NULL ? name : "none");
    }
}

/* Each line of a text begins with what it is: c code, # comment; a blank one is empty. */
static void lines_are_code_comments_or_blank(void **state)
{
    static const struct {
        const char *language, *text;
        int code, comments, blanks;
    } cases[] = {
        {"C", "int a; // x\n\n// y\n/* z\n\n end */\nint b; /* x */\n", 2, 3, 2},
        {"C", "char *s = \"/* no\";\nint c;\n", 2, 0, 0},
        {"C", "char c = '\"'; // x\n/* y */\n", 1, 1, 0},
        {"C", "/* a */ int b;\nno newline", 2, 0, 0},
        {"Python", "\"\"\"Doc.\n\nMore.\n\"\"\"\nx = 1  # y\n# z\ns = '#'\n", 2, 4, 1},
        {"Python", "x = '''\n# text\n''') + 1\n", 2, 1, 0},
        {"Rust", "/* a /* b */ c */\nlet x = 1;\n", 1, 1, 0},
        {"JavaScript", "let s = `\n// text\n`;\n// x\n", 3, 1, 0},
        {"SQL", "-- x\nSELECT '--';\n", 1, 1, 0},
        {"Ruby", "=begin\nx\n=end\nputs 1\n", 1, 3, 0},
        {"Bourne Shell", "#!/bin/sh\n# x\necho '#'\n", 2, 1, 0},
        {"HTML", "<p>\n<!-- x\ny -->\n", 1, 2, 0},
        {"Haskell", "{- a {- b -} -}\nmain = x -- y\n", 1, 1, 0},
        {"JSON", "{\n\n}\n", 2, 0, 1},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        struct mh_count count = mh_count_lines(mh_language_find(cases[i].language)->syntax,
                                               cases[i].text, strlen(cases[i].text));
        assert_int_equal(count.lines, count.code + count.comments + count.blanks);
        if (count.code != cases[i].code || count.comments != cases[i].comments ||
            count.blanks != cases[i].blanks)
            fail_msg("%s: %s: %d %d %d", cases[i].language, cases[i].text, (int)count.code,
                     (int)count.comments, (int)count.blanks);
    }
}

static void code_is_what_is_left_without_comments_and_long_strings(void **state)
{
    static const char text[] = "a /* b\n c */ \"d//\" // e\n";
    char code[sizeof text] = {0};
    mh_count_code(mh_language_find("C")->syntax, text, strlen(text), code);
    assert_string_equal(code, "a     \n      \"d//\"     \n");
    static const char doc[] = "'''\nimport a\n'''\nimport b\n";
    char rest[sizeof doc] = {0};
    mh_count_code(mh_language_find("Python")->syntax, doc, strlen(doc), rest);
    assert_string_equal(rest, "   \n        \n   \nimport b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_the_language_of_its_name_ending_or_program),
        cmocka_unit_test(lines_are_code_comments_or_blank),
        cmocka_unit_test(code_is_what_is_left_without_comments_and_long_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
