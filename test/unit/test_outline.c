#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "jobs/blueprint/outline.h"
#include "jobs/blueprint/render.h"

struct project {
    struct mh_arena arena;
    struct mh_source source;
    struct mh_outline outline;
    struct mh_buf markdown, json;
};

static int setup(void **state)
{
    struct project *project = calloc(1, sizeof *project);
    mh_arena_init(&project->arena, (size_t)1 << 30);
    mh_source_init(&project->source, &project->arena);
    mh_buf_init(&project->markdown, MH_RENDER_MAX);
    mh_buf_init(&project->json, MH_RENDER_MAX);
    *state = project;
    return 0;
}

static int teardown(void **state)
{
    struct project *project = *state;
    mh_arena_release(&project->arena);
    mh_buf_release(&project->markdown);
    mh_buf_release(&project->json);
    free(project);
    return 0;
}

/* By path, each with ten lines of C. */
static void add_files(struct project *project, const char *const *paths)
{
    for (size_t i = 0; paths[i] != NULL; i++)
        assert_int_equal(mh_source_add_file(&project->source, paths[i], "C", 10), 0);
}

static void add_import(struct project *project, const char *from, const char *to)
{
    struct mh_source *source = &project->source;
    uint32_t one = mh_source_find(source, from), other = mh_source_find(source, to);
    assert_true(one != MH_SOURCE_NONE && other != MH_SOURCE_NONE);
    assert_int_equal(mh_source_add_import(source, one, other), 0);
}

static void add_symbol(struct project *project, const char *path, const char *name, int line)
{
    uint32_t file = mh_source_find(&project->source, path);
    assert_int_equal(mh_source_add_symbol(&project->source, file, name, "function", line), 0);
}

static void read_text(struct project *project, const char *path, const char *text)
{
    uint32_t file = mh_source_find(&project->source, path);
    assert_int_equal(mh_source_read_text(&project->source, file, text, strlen(text)), 0);
}

static void make(struct project *project)
{
    const struct mh_render_title title = {.project = "demo", .commit = "abc"};
    assert_int_equal(mh_outline_make(&project->source, &project->outline), 0);
    mh_render_markdown(&project->outline, &title, &project->markdown);
    mh_render_json(&project->outline, &title, &project->json);
    assert_false(mh_buf_failed(&project->markdown) || mh_buf_failed(&project->json));
}

static const struct mh_outline_module *module_at(const struct project *project, size_t at,
                                                 const char *name)
{
    assert_true(at < project->outline.module_count);
    assert_string_equal(project->outline.modules[at].cluster->name, name);
    return &project->outline.modules[at];
}

static void assert_says(const struct mh_buf *buf, const char *words)
{
    if (strstr(mh_buf_text(buf), words) == NULL) fail_msg("no “%s” in:\n%s", words, buf->data);
}

static void folders_become_modules_with_what_they_depend_on(void **state)
{
    struct project *project = *state;
    add_files(project, (const char *const[]){"a/x.c", "a/y.c", "b/z.c", "b/z.h", NULL});
    add_import(project, "a/x.c", "b/z.h");
    add_import(project, "a/y.c", "b/z.h");
    add_import(project, "b/z.c", "b/z.h");
    assert_int_equal(mh_source_link(&project->source), 0);
    make(project);
    assert_int_equal(project->outline.module_count, 2);
    const struct mh_outline_module *a = module_at(project, 0, "a"), *b = module_at(project, 1, "b");
    assert_int_equal(a->depends_on_count, 1);
    assert_int_equal(a->depends_on[0].module, 1);
    assert_int_equal(a->depends_on[0].imports, 2);
    assert_int_equal(a->used_by_count, 0);
    assert_int_equal(b->used_by[0].module, 0);
    assert_string_equal(b->chief[0].file->path, "b/z.h");
    assert_int_equal(project->outline.cycle_count, 0);
    assert_says(&project->markdown, "m0 -->|2| m1");
}

static void cycles_are_named_with_the_imports_that_make_them(void **state)
{
    struct project *project = *state;
    add_files(project, (const char *const[]){"a/1.c", "a/2.c", "b/1.c", "b/2.c", "c/1.c", "c/2.c",
                                             "d/1.c", "d/2.c", NULL});
    add_import(project, "a/1.c", "b/1.c");
    add_import(project, "b/2.c", "c/1.c");
    add_import(project, "c/2.c", "a/2.c");
    add_import(project, "d/1.c", "a/1.c");
    assert_int_equal(mh_source_link(&project->source), 0);
    make(project);
    assert_int_equal(project->outline.cycle_count, 1);
    const struct mh_outline_cycle *cycle = &project->outline.cycles[0];
    assert_int_equal(cycle->module_count, 3);
    assert_int_equal(cycle->step_count, 3);
    assert_int_equal(project->outline.modules[0].cycle, 0);
    assert_int_equal(module_at(project, 3, "d")->cycle, MH_SOURCE_NONE);
    assert_says(&project->markdown, "- `a` → `b` → `c` → `a`\n");
    assert_says(&project->markdown, "  - `b/2.c` imports `c/1.c`\n");
    assert_says(&project->markdown, "m0 ==>|1| m1");
    assert_says(&project->markdown, "m3 -->|1| m0");
}

static void one_file_without_imports_is_a_blueprint(void **state)
{
    struct project *project = *state;
    add_files(project, (const char *const[]){"main.c", NULL});
    assert_int_equal(mh_source_link(&project->source), 0);
    make(project);
    assert_string_equal(module_at(project, 0, ".")->chief[0].purpose.text, "C of 10 lines.");
    assert_null(strstr(mh_buf_text(&project->markdown), "mermaid"));
    assert_says(&project->markdown, "No modules depend on each other in a cycle.");
}

static void no_file_at_all_is_one_too(void **state)
{
    struct project *project = *state;
    assert_int_equal(mh_source_link(&project->source), 0);
    make(project);
    assert_int_equal(project->outline.module_count, 0);
    assert_says(&project->json, "\"modules\":[]");
}

static void names_stay_what_they_are(void **state)
{
    struct project *project = *state;
    static const char odd[] = "a\"]; click/x|`y`\n.c", tag[] = "b<b>/#1&.c";
    add_files(project, (const char *const[]){odd, tag, "c/1.c", NULL});
    add_import(project, odd, tag);
    add_import(project, tag, "c/1.c");
    add_symbol(project, odd, "operator|", 1);
    assert_int_equal(mh_source_link(&project->source), 0);
    read_text(project, tag, "/* See <script> | `x` [a](b) */");
    make(project);
    assert_says(&project->markdown, "    m0[\"a#34;#93;#59; click: 1 file\"]\n");
    assert_says(&project->markdown, "    m1[\"b#60;b#62;: 1 file\"]\n");
    assert_says(&project->markdown, "| `` a\"]; click/x\\|`y` .c `` |");
    assert_says(&project->markdown, "| `operator\\|` |");
    assert_says(&project->markdown, "See \\<script\\> \\| \\`x\\` \\[a\\](b)");
    json_t *json = json_loads(mh_buf_text(&project->json), 0, NULL);
    json_t *file = json_array_get(
        json_object_get(json_array_get(json_object_get(json, "modules"), 0), "files"), 0);
    assert_string_equal(json_string_value(json_object_get(file, "path")), odd);
    json_decref(json);
}

static void symbols_come_by_how_many_files_use_them(void **state)
{
    struct project *project = *state;
    add_files(project, (const char *const[]){"a/one.c", "a/two.c", "b/lib.c", "b/lib.h", NULL});
    add_import(project, "a/one.c", "b/lib.h");
    add_import(project, "a/two.c", "b/lib.h");
    add_symbol(project, "b/lib.c", "helper", 1);
    add_symbol(project, "b/lib.c", "lib_open", 5);
    add_symbol(project, "b/lib.c", "lib_close", 8);
    add_symbol(project, "a/one.c", "helper", 3);
    assert_int_equal(mh_source_link(&project->source), 0);
    read_text(project, "a/one.c", "static helper; lib_close(lib_open());");
    read_text(project, "a/two.c", "lib_close(); lib_close(); lib_open_more(); /* helper */");
    make(project);
    const struct mh_outline_module *b = module_at(project, 1, "b");
    const struct mh_outline_file *lib = &b->chief[0];
    assert_string_equal(lib->file->path, "b/lib.c");
    assert_int_equal(lib->symbol_count, 3);
    const struct mh_source_symbol *symbols = project->source.symbols;
    assert_string_equal(symbols[lib->symbols[0]].name, "lib_close");
    assert_int_equal(symbols[lib->symbols[0]].used, 2);
    assert_string_equal(symbols[lib->symbols[1]].name, "lib_open");
    assert_int_equal(symbols[lib->symbols[1]].used, 1);
    assert_int_equal(symbols[lib->symbols[2]].used, 0); /* its own, or a plain word */
    assert_string_equal(lib->purpose.text, "Defines lib_close, lib_open and helper.");
}

static void purposes_come_from_those_who_wrote_them(void **state)
{
    struct project *project = *state;
    add_files(project, (const char *const[]){"README.md", "a/README", "a/b.c", "c/c.c", "c/d.c",
                                             "tests/t.c", NULL});
    assert_int_equal(mh_source_link(&project->source), 0);
    read_text(project, "README.md", "# Demo\n\nShows things.\n");
    read_text(project, "a/README", "The letter A.\n");
    read_text(project, "c/c.c", "/* Sees. */");
    make(project);
    assert_string_equal(project->outline.purpose.text, "Shows things.");
    assert_string_equal(module_at(project, 1, "a")->purpose.text, "The letter A.");
    assert_string_equal(module_at(project, 2, "c")->purpose.text, "Sees.");
    assert_string_equal(module_at(project, 3, "tests")->purpose.text,
                        "Tests: 1 file, mostly C: t.c.");
    assert_says(&project->json, "\"purpose_from\":\"readme\"");
}

/* `count` files in folders of ten, each of which imports the next one, and the first of all. */
static void make_many(struct project *project, uint32_t count)
{
    char path[64], text[] = "/* One of many. */ many_1 many_22 many_333";
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "src/%c/f%05u/%05u.c", 'a' + (int)(i * 20 / count),
                       i / 10, i);
        assert_int_equal(mh_source_add_file(&project->source, path, "C", 100), 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "many_%u", i);
        assert_int_equal(mh_source_add_import(&project->source, i, (i + 1) % count), 0);
        assert_int_equal(mh_source_add_import(&project->source, i, 0), 0);
        assert_int_equal(mh_source_add_symbol(&project->source, i, path, "function", 3), 0);
    }
    assert_int_equal(mh_source_link(&project->source), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(mh_source_read_text(&project->source, i, text, sizeof text - 1), 0);
    make(project);
}

static void fifty_thousand_files_become_few_modules(void **state)
{
    struct project *project = *state;
    make_many(project, 50000);
    assert_true(project->outline.module_count > 1);
    assert_true(project->outline.module_count <= MH_CLUSTER_MODULES);
    int64_t files = 0;
    for (size_t i = 0; i < project->outline.module_count; i++)
        files += project->outline.modules[i].files;
    assert_int_equal(files, 50000);
    assert_true(project->markdown.len < 1 << 20);
    assert_true(project->json.len < 4 << 20);
}

static void many_files_of_one_folder_are_told_apart_by_their_names(void **state)
{
    struct project *project = *state;
    char path[64];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(path, sizeof path, "cli/%s_%02d.c", i < 60 ? "cmd" : "draw", i % 60);
        assert_int_equal(mh_source_add_file(&project->source, path, "C", 1), 0);
    }
    assert_int_equal(mh_source_link(&project->source), 0);
    make(project);
    assert_int_equal(project->outline.module_count, 2);
    assert_int_equal(module_at(project, 0, "cli/cmd*")->files, 60);
    assert_int_equal(module_at(project, 1, "cli/draw*")->files, 40);
}

static void small_folders_are_part_of_the_one_above(void **state)
{
    struct project *project = *state;
    char path[64];
    static const char *const folders[] = {"lib/a", "lib/b", "lib/c"};
    add_files(project, (const char *const[]){"bb/tiny.c", NULL});
    for (int i = 0; i < 150; i++) {
        (void)snprintf(path, sizeof path, "%s/%02d.c", folders[i / 50], i % 50);
        assert_int_equal(mh_source_add_file(&project->source, path, "C", 1), 0);
    }
    add_files(project, (const char *const[]){"lib/d/tiny.c", "lib/e/tiny.c", NULL});
    for (int i = 0; i < 50; i++) {
        (void)snprintf(path, sizeof path, "lib/f/%02d.json", i);
        assert_int_equal(mh_source_add_file(&project->source, path, "JSON", 1), 0);
    }
    add_import(project, "lib/c/01.c", "lib/e/tiny.c");
    assert_int_equal(mh_source_link(&project->source), 0);
    make(project);
    assert_int_equal(project->outline.module_count, 5);
    assert_int_equal(module_at(project, 0, "bb")->files, 1);
    const struct mh_outline_module *lib = module_at(project, 1, "lib");
    assert_int_equal(module_at(project, 4, "lib/c")->files, 50);
    assert_int_equal(lib->files, 52); /* and the data */
    assert_string_equal(lib->cluster->folders[lib->cluster->folder_count - 1], "lib/e");
}

/* Symbols and imports may come in any order. */
static void the_same_project_gives_the_same_bytes(void **state)
{
    struct project *one = *state;
    void *second = NULL;
    (void)setup(&second);
    struct project *other = second;
    const char *const paths[] = {"a/1.c", "a/2.c", "b/1.c", "b/2.c", NULL};
    add_files(one, paths);
    add_files(other, paths);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 3; j++) {
            char name[] = {'f', 'n', (char)('a' + j), '\0'};
            add_symbol(one, paths[i], name, j + 1);
            add_symbol(other, paths[3 - i], (char[]){'f', 'n', (char)('c' - j), '\0'}, 3 - j);
            add_import(one, paths[i], paths[j]);
            add_import(other, paths[3 - i], paths[2 - j]);
        }
    assert_int_equal(mh_source_link(&one->source), 0);
    assert_int_equal(mh_source_link(&other->source), 0);
    make(one);
    make(other);
    assert_string_equal(mh_buf_text(&one->markdown), mh_buf_text(&other->markdown));
    assert_string_equal(mh_buf_text(&one->json), mh_buf_text(&other->json));
    (void)teardown(&second);
}

static void paths_out_of_order_are_refused(void **state)
{
    struct project *project = *state;
    add_files(project, (const char *const[]){"b", NULL});
    assert_int_equal(mh_source_add_file(&project->source, "a", NULL, 1), MH_EINVAL);
    assert_int_equal(mh_source_add_file(&project->source, "b", NULL, 1), MH_EINVAL);
}

#define OF_PROJECT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OF_PROJECT(folders_become_modules_with_what_they_depend_on),
        OF_PROJECT(cycles_are_named_with_the_imports_that_make_them),
        OF_PROJECT(one_file_without_imports_is_a_blueprint),
        OF_PROJECT(no_file_at_all_is_one_too),
        OF_PROJECT(names_stay_what_they_are),
        OF_PROJECT(symbols_come_by_how_many_files_use_them),
        OF_PROJECT(purposes_come_from_those_who_wrote_them),
        OF_PROJECT(fifty_thousand_files_become_few_modules),
        OF_PROJECT(many_files_of_one_folder_are_told_apart_by_their_names),
        OF_PROJECT(small_folders_are_part_of_the_one_above),
        OF_PROJECT(the_same_project_gives_the_same_bytes),
        OF_PROJECT(paths_out_of_order_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
