#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/index.h"

/* A project, a job of its tenant that is processing, and the run of its index that is under way. */
struct site {
    struct fixture *f;
    struct mh_uuid project;
    struct held job;
    struct mh_index_run run;
};

static struct mh_uuid a_project(struct fixture *f, struct mh_uuid tenant, const char *name)
{
    const struct mh_project project = {.id = mh_uuid_new(),
                                       .tenant_id = tenant,
                                       .name = name,
                                       .url = "https://example.org/a/b.git"};
    fixture_wait(f, mh_store_project_add(f->store, &project, fixture_done, f, NULL));
    return project.id;
}

static struct held a_running_job(struct fixture *f, struct mh_uuid tenant)
{
    struct mh_dispatch job = a_job("worked");
    job.tenant_id = tenant;
    enqueue_job(f, job);
    return claim_one(f, join_as(f, "w"));
}

static struct site a_site(struct fixture *f)
{
    struct mh_uuid tenant = {0};
    return (struct site){f, a_project(f, tenant, "p"), a_running_job(f, tenant), {0}};
}

static struct mh_index begin(struct site *site)
{
    struct fixture *f = site->f;
    const struct mh_reply *reply = fixture_wait(
        f, mh_store_index_begin(f->store, &site->job.id, &site->project, fixture_done, f, NULL));
    assert_int_equal(reply->count, 1);
    site->run = (struct mh_index_run){reply->indexes[0].number, reply->lease};
    return reply->indexes[0];
}

static int add_code(struct site *site, struct mh_index_file file)
{
    struct fixture *f = site->f;
    return fixture_wait_code(
        f, mh_store_index_add(f->store, &site->run, &file, 1, fixture_done, f, NULL));
}

static void add(struct site *site, struct mh_index_file file)
{
    assert_int_equal(add_code(site, file), 0);
}

static struct mh_index_file a_text(const char *path, const char *body)
{
    return (struct mh_index_file){
        .path = path, .language = "C", .body = body, .body_len = strlen(body)};
}

static size_t drop(struct site *site, const char *path)
{
    struct fixture *f = site->f;
    return fixture_wait(f,
                        mh_store_index_drop(f->store, &site->run, &path, 1, fixture_done, f, NULL))
        ->count;
}

static int publish_code(struct site *site)
{
    struct fixture *f = site->f;
    return fixture_wait_code(f, mh_store_index_publish(f->store, &site->run, "abc", "{\"files\":1}",
                                                       fixture_done, f, NULL));
}

static void publish(struct site *site)
{
    assert_int_equal(publish_code(site), 0);
}

static size_t sweep(struct site *site)
{
    struct fixture *f = site->f;
    return fixture_wait(f, mh_store_index_sweep(f->store, &site->run, 100, fixture_done, f, NULL))
        ->count;
}

static const struct mh_reply *read_with(struct site *site, struct mh_index_filter filter,
                                        int (*read)(struct mh_store *,
                                                    const struct mh_index_filter *, mh_reply_fn *,
                                                    void *, struct mh_err *))
{
    struct fixture *f = site->f;
    filter.project_id = site->project;
    if (filter.limit == 0) filter.limit = 100;
    return fixture_wait(f, read(f->store, &filter, fixture_done, f, NULL));
}

static const struct mh_reply *files(struct site *site)
{
    return read_with(site, (struct mh_index_filter){0}, mh_store_index_files);
}

static const struct mh_reply *search(struct site *site, const char *query, int in)
{
    struct fixture *f = site->f;
    const struct mh_search search = {
        .project_id = site->project, .query = query, .in = in, .limit = 10};
    return fixture_wait(f, mh_store_index_search(f->store, &search, fixture_done, f, NULL));
}

/* "path:line text|…" */
static const char *hits(struct site *site, const char *query, int in)
{
    static char text[2000];
    const struct mh_reply *reply = search(site, query, in);
    text[0] = '\0';
    for (size_t i = 0; i < reply->count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s:%d %s|", reply->hits[i].path,
                 reply->hits[i].line, reply->hits[i].text);
    }
    return text;
}

/* --- runs */

static void nothing_is_seen_before_it_is_published(void **state)
{
    struct site site = a_site(*state);
    struct mh_index before = begin(&site);
    assert_int_equal(before.run, 0);
    assert_null(before.totals);
    add(&site, a_text("a.c", "alpha\n"));
    assert_int_equal(files(&site)->count, 0);
    assert_string_equal(hits(&site, "alpha", MH_SEARCH_ALL), "");
    publish(&site);
    assert_int_equal(files(&site)->count, 1);
    assert_string_equal(hits(&site, "alpha", MH_SEARCH_ALL), "a.c:1 alpha|");
    const struct mh_reply *reply =
        read_with(&site, (struct mh_index_filter){0}, mh_store_index_get);
    assert_string_equal(reply->indexes[0].commit, "abc");
    assert_string_equal(reply->indexes[0].totals, "{\"files\":1}");
    assert_true(reply->indexes[0].indexed_at != 0);
}

static void a_run_replaces_at_once_what_was_seen(void **state)
{
    struct site site = a_site(*state);
    begin(&site);
    add(&site, a_text("a.c", "alpha\n"));
    add(&site, a_text("b.c", "beta\n"));
    publish(&site);
    begin(&site);
    assert_int_equal(drop(&site, "a.c"), 1);
    add(&site, a_text("a.c", "gamma\n"));
    assert_string_equal(hits(&site, "alpha", MH_SEARCH_ALL), "a.c:1 alpha|");
    assert_string_equal(hits(&site, "gamma", MH_SEARCH_ALL), "");
    publish(&site);
    assert_string_equal(hits(&site, "alpha", MH_SEARCH_ALL), "");
    assert_string_equal(hits(&site, "gamma", MH_SEARCH_ALL), "a.c:1 gamma|");
    assert_int_equal(files(&site)->count, 2);
    assert_int_equal(sweep(&site), 1);
    assert_int_equal(sweep(&site), 0);
    assert_string_equal(hits(&site, "gamma", MH_SEARCH_ALL), "a.c:1 gamma|");
    assert_string_equal(hits(&site, "beta", MH_SEARCH_ALL), "b.c:1 beta|");
}

static void a_run_that_ended_early_leaves_nothing_to_be_seen(void **state)
{
    struct site site = a_site(*state);
    begin(&site);
    add(&site, a_text("a.c", "alpha\n"));
    publish(&site);
    begin(&site);
    assert_int_equal(drop(&site, "a.c"), 1);
    add(&site, a_text("a.c", "gamma\n"));
    begin(&site); /* the worker of the run before was killed */
    assert_int_equal(publish_code(&site), MH_ESTATE);
    assert_int_equal(sweep(&site), 1);
    assert_int_equal(drop(&site, "none.c"), 0);
    publish(&site);
    assert_string_equal(hits(&site, "alpha gamma", MH_SEARCH_ALL), "");
    assert_string_equal(hits(&site, "alpha", MH_SEARCH_ALL), "a.c:1 alpha|");
}

static void only_the_last_run_that_began_goes_on(void **state)
{
    struct site first = a_site(*state);
    begin(&first);
    struct site second = first;
    begin(&second);
    assert_int_equal(add_code(&first, a_text("a.c", "alpha\n")), MH_ESTATE);
    assert_int_equal(publish_code(&first), MH_ESTATE);
    publish(&second);
    assert_int_equal(publish_code(&second), MH_ESTATE);
    assert_int_equal(add_code(&second, a_text("a.c", "alpha\n")), MH_ESTATE);
}

static void a_run_needs_a_running_job_and_a_project_of_its_tenant(void **state)
{
    struct fixture *f = *state;
    struct site site = a_site(f);
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE);
    struct mh_uuid theirs = a_project(f, other, "p");
    int r = mh_store_index_begin(f->store, &site.job.id, &theirs, fixture_done, f, NULL);
    assert_int_equal(fixture_wait_code(f, r), MH_ENOENT);
    finish(f, site.job, MH_OUTCOME_COMPLETED);
    r = mh_store_index_begin(f->store, &site.job.id, &site.project, fixture_done, f, NULL);
    assert_int_equal(fixture_wait_code(f, r), MH_ESTATE);
}

static void an_index_goes_with_its_project(void **state)
{
    struct fixture *f = *state;
    struct site site = a_site(f);
    const struct mh_index_symbol symbol = {.name = "main", .kind = "function", .line = 1};
    begin(&site);
    struct mh_index_file file = a_text("a.c", "alpha\n");
    file.symbols = &symbol;
    file.symbol_count = 1;
    add(&site, file);
    publish(&site);
    struct mh_uuid tenant = {0};
    fixture_wait(f,
                 mh_store_project_remove(f->store, &tenant, &site.project, fixture_done, f, NULL));
    assert_int_equal(files(&site)->count, 0);
    assert_int_equal(search(&site, "alpha main", MH_SEARCH_ALL)->count, 0);
    assert_int_equal(add_code(&site, a_text("b.c", "beta\n")), MH_ESTATE);
}

/* --- what is kept */

static void all_of_a_file_is_given_back(void **state)
{
    struct site site = a_site(*state);
    const struct mh_index_symbol symbols[] = {
        {.name = "main", .kind = "function", .line = 3, .scope = "app", .signature = "(void)"},
        {.name = "x", .kind = "variable", .line = 1},
    };
    const struct mh_index_import imports[] = {
        {.target = "<stdio.h>", .line = 1},
        {.target = "b.h", .line = 2, .resolved = "lib/b.h"},
    };
    const char body[] = "int x; \"quoted\" \\ \xc3\xa4\n";
    begin(&site);
    add(&site, (struct mh_index_file){.path = "dir/\xc3\xa4 new\nline.c",
                                      .blob = "0123",
                                      .language = "C",
                                      .size = 10,
                                      .mtime_us = 20,
                                      .lines = 4,
                                      .code = 3,
                                      .comments = 2,
                                      .blanks = 1,
                                      .body = body,
                                      .body_len = strlen(body),
                                      .symbols = symbols,
                                      .symbol_count = 2,
                                      .imports = imports,
                                      .import_count = 2});
    add(&site, (struct mh_index_file){.path = "bare"});
    publish(&site);
    const struct mh_reply *reply =
        read_with(&site, (struct mh_index_filter){.bodies = true}, mh_store_index_files);
    assert_int_equal(reply->count, 2);
    assert_string_equal(reply->files[0].path, "bare");
    assert_null(reply->files[0].body);
    assert_null(reply->files[0].language);
    const struct mh_index_file *file = &reply->files[1];
    assert_string_equal(file->path, "dir/\xc3\xa4 new\nline.c");
    assert_string_equal(file->blob, "0123");
    assert_string_equal(file->body, body);
    assert_int_equal(file->body_len, strlen(body));
    assert_int_equal(file->symbol_count * 10 + file->import_count, 22);
    assert_int_equal(file->size + file->mtime_us, 30);
    assert_int_equal(file->lines * 1000 + file->code * 100 + file->comments * 10 + file->blanks,
                     4321);
    reply = read_with(&site, (struct mh_index_filter){0}, mh_store_index_symbols);
    assert_int_equal(reply->count, 2);
    assert_string_equal(reply->symbols[0].name, "x");
    assert_null(reply->symbols[0].scope);
    assert_string_equal(reply->symbols[1].signature, "(void)");
    assert_string_equal(reply->symbols[1].scope, "app");
    assert_string_equal(reply->symbols[1].path, file->path);
    reply = read_with(&site, (struct mh_index_filter){.path = "dir"}, mh_store_index_imports);
    assert_int_equal(reply->count, 2);
    assert_null(reply->imports[0].resolved);
    assert_string_equal(reply->imports[1].resolved, "lib/b.h");
    assert_int_equal(reply->imports[1].line, 2);
}

static void pages_give_every_file_once_in_the_order_of_bytes(void **state)
{
    struct site site = a_site(*state);
    const char *const paths[] = {"B", "a", "a/b", "a/c", "a0", "b"};
    begin(&site);
    for (size_t i = MH_LEN(paths); i-- > 0;)
        add(&site, a_text(paths[i], "x\n"));
    publish(&site);
    struct mh_index_filter filter = {.limit = 4};
    size_t seen = 0;
    for (const struct mh_reply *reply; filter.limit == 4;) {
        reply = read_with(&site, filter, mh_store_index_files);
        for (size_t i = 0; i < reply->count; i++)
            assert_string_equal(reply->files[i].path, paths[seen++]);
        if (reply->cursor == 0) break;
        filter.after = reply->files[reply->count - 1].path;
    }
    assert_int_equal(seen, MH_LEN(paths));
    const struct mh_reply *below =
        read_with(&site, (struct mh_index_filter){.path = "a"}, mh_store_index_files);
    assert_int_equal(below->count, 3); /* the file a, and two in the folder a */
}

/* --- searching */

static void symbols_come_exact_then_beginning_then_others(void **state)
{
    struct site site = a_site(*state);
    const struct mh_index_symbol symbols[] = {
        {.name = "mh_Open", .kind = "function", .line = 1},
        {.name = "openFile", .kind = "function", .line = 2},
        {.name = "Open", .kind = "function", .line = 3},
        {.name = "reopen", .kind = "function", .line = 4},
        {.name = "open_file", .kind = "function", .line = 5},
    };
    struct mh_index_file file = {.path = "a.c", .symbols = symbols, .symbol_count = 5};
    begin(&site);
    add(&site, file);
    publish(&site);
    assert_string_equal(hits(&site, "open", MH_SEARCH_SYMBOLS),
                        "a.c:3 Open|a.c:2 openFile|a.c:5 open_file|a.c:1 mh_Open|");
    assert_string_equal(hits(&site, " OPEN_fi ", MH_SEARCH_SYMBOLS),
                        "a.c:5 open_file|a.c:2 openFile|");
    assert_string_equal(hits(&site, "openfile", MH_SEARCH_SYMBOLS),
                        "a.c:2 openFile|a.c:5 open_file|");
    assert_string_equal(hits(&site, "open", MH_SEARCH_TEXT), "");
}

static void a_name_is_found_among_however_many_have_it_in_them(void **state)
{
    enum { COUNT = MH_HITS_LOOKED_AT + 1 };
    struct site site = a_site(*state);
    struct mh_index_symbol *symbols = calloc(COUNT, sizeof *symbols);
    assert_non_null(symbols);
    for (int i = 0; i < COUNT; i++)
        symbols[i] = (struct mh_index_symbol){.name = "get_value", .kind = "function", .line = 1};
    struct mh_index_file file = {.path = "a.c", .symbols = symbols, .symbol_count = COUNT};
    const struct mh_index_symbol last[] = {{.name = "values", .kind = "function", .line = 2},
                                           {.name = "VALUE", .kind = "function", .line = 3}};
    begin(&site);
    add(&site, file);
    add(&site, (struct mh_index_file){.path = "b.c", .symbols = last, .symbol_count = 2});
    publish(&site);
    const char *found = hits(&site, "value", MH_SEARCH_SYMBOLS);
    const char expected[] = "b.c:3 VALUE|b.c:2 values|a.c:1 get_value|";
    assert_int_equal(strncmp(found, expected, sizeof expected - 1), 0);
    free(symbols);
}

static void a_text_is_found_by_all_its_words_wherever_they_stand(void **state)
{
    struct site site = a_site(*state);
    begin(&site);
    add(&site, a_text("b.c", "one two\nthree\ntwo one\n"));
    add(&site, a_text("a.c", "only one\nthen twofold\n"));
    add(&site, a_text("c.c", "one\n"));
    publish(&site);
    assert_string_equal(hits(&site, "one two", MH_SEARCH_TEXT),
                        "a.c:1 only one|b.c:1 one two|b.c:3 two one|");
    assert_string_equal(hits(&site, "one -two 'three", MH_SEARCH_TEXT), "b.c:1 one two|");
}

static void a_query_without_a_word_is_refused(void **state)
{
    struct fixture *f = *state;
    struct site site = a_site(f);
    struct mh_search query = {
        .project_id = site.project, .query = " *- ", .in = MH_SEARCH_ALL, .limit = 1};
    int r = mh_store_index_search(f->store, &query, fixture_done, f, NULL);
    assert_int_equal(fixture_wait_code(f, r), MH_EINVAL);
    query.query = "a b c d e f g h i j k l m n o p q";
    r = mh_store_index_search(f->store, &query, fixture_done, f, NULL);
    assert_int_equal(fixture_wait_code(f, r), MH_ELIMIT);
}

static void words_of_other_projects_are_not_found(void **state)
{
    struct fixture *f = *state;
    struct site site = a_site(f);
    struct mh_uuid tenant = {0};
    struct site other = {f, a_project(f, tenant, "other"), site.job, {0}};
    begin(&site);
    add(&site, a_text("a.c", "alpha\n"));
    publish(&site);
    begin(&other);
    publish(&other);
    assert_int_equal(search(&other, "alpha", MH_SEARCH_ALL)->count, 0);
    assert_int_equal(search(&site, "alpha", MH_SEARCH_ALL)->count, 1);
}

static void a_tenant_sees_the_index_of_its_own_project_only(void **state)
{
    struct fixture *f = *state;
    struct site site = a_site(f);
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE), own = {0};
    begin(&site);
    add(&site, a_text("a.c", "alpha\n"));
    publish(&site);
    char id[MH_UUID_TEXT], claims[100];
    for (int i = 0; i < 2; i++) {
        struct mh_asker asker = {.tenant_id = i == 0 ? other : own, .claims = claims};
        mh_uuid_format(&asker.tenant_id, id);
        snprintf(claims, sizeof claims, "{\"tenant_id\":\"%s\"}", id);
        mh_store_speak_for(f->store, &asker);
        assert_int_equal(files(&site)->count, i);
        assert_int_equal(search(&site, "alpha", MH_SEARCH_ALL)->count, i);
        assert_int_equal(
            fixture_wait_code(f, mh_store_index_begin(f->store, &site.job.id, &site.project,
                                                      fixture_done, f, NULL)),
            MH_EPERM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(nothing_is_seen_before_it_is_published),
        STORE_TEST(a_run_replaces_at_once_what_was_seen),
        STORE_TEST(a_run_that_ended_early_leaves_nothing_to_be_seen),
        STORE_TEST(only_the_last_run_that_began_goes_on),
        STORE_TEST(a_run_needs_a_running_job_and_a_project_of_its_tenant),
        STORE_TEST(an_index_goes_with_its_project),
        STORE_TEST(all_of_a_file_is_given_back),
        STORE_TEST(pages_give_every_file_once_in_the_order_of_bytes),
        STORE_TEST(symbols_come_exact_then_beginning_then_others),
        STORE_TEST(a_name_is_found_among_however_many_have_it_in_them),
        STORE_TEST(a_text_is_found_by_all_its_words_wherever_they_stand),
        STORE_TEST(a_query_without_a_word_is_refused),
        STORE_TEST(words_of_other_projects_are_not_found),
        STORE_TEST(a_tenant_sees_the_index_of_its_own_project_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
