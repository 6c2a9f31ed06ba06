#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "store/blueprint.h"

/* A project, and a job of its tenant that is processing. */
struct site {
    struct fixture *f;
    struct mh_uuid project;
    struct held job;
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

static struct site a_site(struct fixture *f)
{
    struct mh_uuid tenant = {0};
    struct mh_uuid project = a_project(f, tenant, "p");
    enqueue_job(f, a_job("worked"));
    return (struct site){f, project, claim_one(f, join_as(f, "w"))};
}

static int ask_to_add(struct site *site, const char *markdown)
{
    const struct mh_blueprint blueprint = {
        .commit = "abc",
        .tokens = 7,
        .markdown = markdown,
        .markdown_len = strlen(markdown),
        .json = "{\"a\": 1}",
        .json_len = 8,
    };
    return mh_store_blueprint_add(site->f->store, &site->job.id, &site->project, &blueprint,
                                  fixture_done, site->f, NULL);
}

static int add_code(struct site *site, const char *markdown)
{
    return fixture_wait_code(site->f, ask_to_add(site, markdown));
}

static size_t add(struct site *site, const char *markdown)
{
    return fixture_wait(site->f, ask_to_add(site, markdown))->count;
}

static const struct mh_reply *list(struct site *site, int64_t version, int texts, size_t limit)
{
    struct fixture *f = site->f;
    const struct mh_blueprint_filter filter = {
        .project_id = site->project, .version = version, .texts = texts, .limit = limit};
    return fixture_wait(f, mh_store_blueprint_list(f->store, &filter, fixture_done, f, NULL));
}

static void versions_are_given_newest_first(void **state)
{
    struct site site = a_site(*state);
    assert_int_equal(list(&site, 0, 0, 10)->count, 0);
    assert_int_equal(add(&site, "# one\n"), 1);
    assert_int_equal(add(&site, "# two ü\n"), 2);
    const struct mh_reply *reply = list(&site, 0, MH_BLUEPRINT_MARKDOWN, 10);
    assert_int_equal(reply->count, 2);
    assert_int_equal(reply->blueprints[0].version, 2);
    assert_int_equal(reply->blueprints[0].tokens, 7);
    assert_true(reply->blueprints[0].created_at > 0);
    assert_string_equal(reply->blueprints[0].commit, "abc");
    assert_string_equal(reply->blueprints[0].markdown, "# two ü\n");
    assert_null(reply->blueprints[0].json);
    assert_string_equal(reply->blueprints[1].markdown, "# one\n");
}

static void one_version_is_given_with_what_is_asked_for(void **state)
{
    struct site site = a_site(*state);
    add(&site, "# one\n");
    add(&site, "# two\n");
    const struct mh_reply *reply = list(&site, 1, MH_BLUEPRINT_MARKDOWN | MH_BLUEPRINT_JSON, 1);
    assert_int_equal(reply->count, 1);
    assert_int_equal(reply->blueprints[0].version, 1);
    assert_int_equal(reply->blueprints[0].json_len, 8);
    assert_string_equal(reply->blueprints[0].json, "{\"a\": 1}"); /* as it was written */
    assert_int_equal(list(&site, 0, 0, 1)->blueprints[0].version, 2);
    assert_int_equal(list(&site, 3, 0, 1)->count, 0);
}

static void the_last_ten_are_kept(void **state)
{
    struct site site = a_site(*state);
    for (size_t i = 1; i <= MH_BLUEPRINTS_KEPT + 2; i++)
        assert_int_equal(add(&site, "#"), i);
    const struct mh_reply *reply = list(&site, 0, 0, MH_BLUEPRINTS_KEPT);
    assert_int_equal(reply->count, MH_BLUEPRINTS_KEPT);
    assert_int_equal(reply->blueprints[0].version, 12);
    assert_int_equal(reply->blueprints[MH_BLUEPRINTS_KEPT - 1].version, 3);
}

static void only_a_running_job_adds_to_a_project_of_its_tenant(void **state)
{
    struct fixture *f = *state;
    struct site site = a_site(f);
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE);
    struct site foreign = {f, a_project(f, other, "q"), site.job};
    assert_int_equal(add_code(&foreign, "#"), MH_ENOENT);
    finish(f, site.job, MH_OUTCOME_COMPLETED);
    assert_int_equal(add_code(&site, "#"), MH_ESTATE);
    assert_int_equal(list(&site, 0, 0, 1)->count, 0);
}

static void a_tenant_sees_its_own(void **state)
{
    struct fixture *f = *state;
    struct site site = a_site(f);
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE), own = {0};
    add(&site, "#");
    char id[MH_UUID_TEXT], claims[100];
    for (int i = 0; i < 2; i++) {
        struct mh_asker asker = {.tenant_id = i == 0 ? other : own, .claims = claims};
        mh_uuid_format(&asker.tenant_id, id);
        (void)snprintf(claims, sizeof claims, "{\"tenant_id\":\"%s\"}", id);
        mh_store_speak_for(f->store, &asker);
        assert_int_equal(list(&site, 0, 0, 1)->count, i);
        assert_int_equal(add_code(&site, "#"), MH_EPERM);
    }
}

static void a_removed_project_takes_its_blueprints_along(void **state)
{
    struct fixture *f = *state;
    struct site site = a_site(f);
    const struct mh_uuid tenant = {0};
    add(&site, "#");
    fixture_wait(f,
                 mh_store_project_remove(f->store, &tenant, &site.project, fixture_done, f, NULL));
    assert_int_equal(list(&site, 0, 0, 1)->count, 0);
}

static void what_is_wrong_is_refused_at_once(void **state)
{
    struct site site = a_site(*state);
    struct fixture *f = site.f;
    const struct mh_blueprint none = {.markdown = "#", .markdown_len = 1};
    const struct mh_blueprint_filter filter = {.limit = MH_BLUEPRINTS_KEPT + 1};
    assert_int_equal(
        mh_store_blueprint_add(f->store, &site.job.id, &site.project, &none, fixture_done, f, NULL),
        MH_EINVAL);
    assert_int_equal(add_code(&site, "\xff"), MH_EINVAL);
    assert_int_equal(mh_store_blueprint_list(f->store, &filter, fixture_done, f, NULL), MH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(versions_are_given_newest_first),
        STORE_TEST(one_version_is_given_with_what_is_asked_for),
        STORE_TEST(the_last_ten_are_kept),
        STORE_TEST(only_a_running_job_adds_to_a_project_of_its_tenant),
        STORE_TEST(a_tenant_sees_its_own),
        STORE_TEST(a_removed_project_takes_its_blueprints_along),
        STORE_TEST(what_is_wrong_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
