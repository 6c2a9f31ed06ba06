#include "fixture.h"

#include <string.h>

static const char bytes[] = "sealed\0bytes";

static struct mh_credential a_credential(const char *name)
{
    return (struct mh_credential){
        .name = name,
        .username = "x-access-token",
        .key_id = "0011223344556677",
        .sealed = bytes,
        .sealed_len = sizeof bytes,
    };
}

static struct mh_project a_project(const char *name)
{
    return (struct mh_project){
        .id = mh_uuid_new(), .name = name, .url = "https://example.org/a/b.git"};
}

static int add_credential(struct fixture *f, struct mh_credential credential)
{
    return fixture_wait_code(f,
                             mh_store_credential_add(f->store, &credential, fixture_done, f, NULL));
}

static int add_project(struct fixture *f, struct mh_project project)
{
    return fixture_wait_code(f, mh_store_project_add(f->store, &project, fixture_done, f, NULL));
}

static const struct mh_reply *credentials(struct fixture *f, struct mh_credential_filter filter)
{
    return fixture_wait(f, mh_store_credential_list(f->store, &filter, fixture_done, f, NULL));
}

static const struct mh_reply *projects(struct fixture *f, struct mh_project_filter filter)
{
    return fixture_wait(f, mh_store_project_list(f->store, &filter, fixture_done, f, NULL));
}

static int use_code(struct fixture *f, struct mh_uuid job, const char *name)
{
    return fixture_wait_code(f,
                             mh_store_credential_use(f->store, &job, name, fixture_done, f, NULL));
}

static size_t mark(struct fixture *f, struct mh_project_mark mark)
{
    return fixture_wait(f, mh_store_project_mark(f->store, &mark, fixture_done, f, NULL))->count;
}

static size_t sweep(struct fixture *f)
{
    return fixture_wait(f, mh_store_project_sweep(f->store, fixture_done, f, NULL))->count;
}

static struct held a_running_job(struct fixture *f, struct mh_uuid tenant)
{
    struct mh_dispatch job = a_job("index");
    job.tenant_id = tenant;
    enqueue_job(f, job);
    return claim_one(f, join_as(f, "w"));
}

static void speak_for(struct fixture *f, struct mh_asker *asker, char claims[100],
                      struct mh_uuid tenant)
{
    char id[MH_UUID_TEXT];
    mh_uuid_format(&tenant, id);
    snprintf(claims, 100, "{\"tenant_id\":\"%s\"}", id);
    *asker = (struct mh_asker){.tenant_id = tenant, .claims = claims};
    mh_store_speak_for(f->store, asker);
}

/* --- credentials */

static void a_credential_reads_back_as_it_was_added(void **state)
{
    struct fixture *f = *state;
    struct mh_credential credential = a_credential("github");
    credential.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    credential.host = "github.com";
    assert_int_equal(add_credential(f, credential), 0);
    assert_int_equal(add_credential(f, credential), MH_EEXIST);
    const struct mh_reply *reply = credentials(f, (struct mh_credential_filter){.sealed = true});
    assert_int_equal(reply->count, 1);
    const struct mh_credential *seen = &reply->credentials[0];
    assert_id_equal(seen->tenant_id, credential.tenant_id);
    assert_string_equal(seen->name, "github");
    assert_string_equal(seen->username, "x-access-token");
    assert_string_equal(seen->host, "github.com");
    assert_string_equal(seen->key_id, "0011223344556677");
    assert_int_equal(seen->sealed_len, sizeof bytes);
    assert_memory_equal(seen->sealed, bytes, sizeof bytes);
    assert_int_equal(seen->used_at, 0);
    assert_int_equal(seen->created_at, f->now);
}

static void sealed_bytes_come_only_where_they_are_asked_for(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_credential(f, a_credential("c")), 0);
    assert_null(credentials(f, (struct mh_credential_filter){0})->credentials[0].sealed);
}

static void a_credential_is_changed_at_its_revision_only(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_credential(f, a_credential("c")), 0);
    struct mh_credential credential =
        credentials(f, (struct mh_credential_filter){.name = "c", .sealed = true})->credentials[0];
    credential.key_id = "new";
    credential.host = "example.org";
    for (size_t expected = 1; expected < 2; expected--) {
        size_t count = fixture_wait(f, mh_store_credential_change(f->store, &credential,
                                                                  fixture_done, f, NULL))
                           ->count;
        assert_int_equal(count, expected);
    }
    const struct mh_reply *reply = credentials(f, (struct mh_credential_filter){0});
    assert_string_equal(reply->credentials[0].key_id, "new");
    assert_string_equal(reply->credentials[0].host, "example.org");
}

static void a_credential_is_removed_by_tenant_and_name(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid acme = add_tenant(f, "acme", MH_PLAN_FREE);
    assert_int_equal(add_credential(f, a_credential("c")), 0);
    assert_int_equal(
        fixture_wait(f, mh_store_credential_remove(f->store, &acme, "c", fixture_done, f, NULL))
            ->count,
        0);
    assert_int_equal(fixture_wait(f, mh_store_credential_remove(f->store, &mh_uuid_zero, "c",
                                                                fixture_done, f, NULL))
                         ->count,
                     1);
    assert_int_equal(credentials(f, (struct mh_credential_filter){0})->count, 0);
}

static void a_job_uses_a_credential_of_its_tenant_while_it_runs(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid acme = add_tenant(f, "acme", MH_PLAN_FREE);
    struct mh_credential theirs = a_credential("c");
    theirs.tenant_id = acme;
    assert_int_equal(add_credential(f, theirs), 0);
    struct held stranger = a_running_job(f, mh_uuid_zero);
    assert_int_equal(use_code(f, stranger.id, "c"), MH_ENOENT);
    struct held job = a_running_job(f, acme);
    fixture_advance(f, 5);
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_credential_use(f->store, &job.id, "c", fixture_done, f, NULL));
    assert_memory_equal(reply->credentials[0].sealed, bytes, sizeof bytes);
    assert_int_equal(reply->credentials[0].used_at, f->now);
    finish(f, job, MH_OUTCOME_COMPLETED);
    assert_int_equal(use_code(f, job.id, "c"), MH_ESTATE);
    assert_int_equal(use_code(f, mh_uuid_new(), "c"), MH_ESTATE);
}

static void no_tenant_asks_after_credentials(void **state)
{
    struct fixture *f = *state;
    char claims[100];
    struct mh_asker asker;
    struct mh_credential credential = a_credential("c");
    credential.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    assert_int_equal(add_credential(f, credential), 0);
    speak_for(f, &asker, claims, credential.tenant_id);
    const struct mh_credential_filter filter = {.sealed = true};
    assert_int_equal(
        fixture_wait_code(f, mh_store_credential_list(f->store, &filter, fixture_done, f, NULL)),
        MH_EPERM);
    assert_int_equal(add_credential(f, credential), MH_EPERM);
}

/* --- projects */

static void a_project_reads_back_as_it_was_added(void **state)
{
    struct fixture *f = *state;
    struct mh_project project = a_project("web");
    project.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    project.ref = "main";
    assert_int_equal(add_project(f, project), 0);
    const struct mh_reply *reply = projects(f, (struct mh_project_filter){.id = &project.id});
    assert_int_equal(reply->count, 1);
    const struct mh_project *seen = &reply->projects[0];
    assert_id_equal(seen->id, project.id);
    assert_id_equal(seen->tenant_id, project.tenant_id);
    assert_string_equal(seen->name, "web");
    assert_string_equal(seen->url, "https://example.org/a/b.git");
    assert_string_equal(seen->ref, "main");
    assert_null(seen->credential);
    assert_int_equal(seen->state, MH_PROJECT_NEW);
    assert_string_equal(seen->path, "");
    assert_null(seen->commit);
    assert_int_equal(seen->indexed_at, 0);
    assert_int_equal(seen->created_at, f->now);
    project.id = mh_uuid_new();
    assert_int_equal(add_project(f, project), MH_EEXIST);
}

static void a_project_names_a_credential_of_its_tenant(void **state)
{
    struct fixture *f = *state;
    struct mh_project project = a_project("web");
    project.credential = "c";
    assert_int_equal(add_project(f, project), MH_ENOENT);
    assert_int_equal(add_credential(f, a_credential("c")), 0);
    project.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    assert_int_equal(add_project(f, project), MH_ENOENT);
    project.tenant_id = mh_uuid_zero;
    assert_int_equal(add_project(f, project), 0);
}

static void a_tenant_sees_and_removes_its_own_projects(void **state)
{
    struct fixture *f = *state;
    char claims[100];
    struct mh_asker asker;
    struct mh_uuid acme = add_tenant(f, "acme", MH_PLAN_FREE);
    struct mh_project ours = a_project("a"), theirs = a_project("b");
    ours.tenant_id = acme;
    assert_int_equal(add_project(f, ours), 0);
    assert_int_equal(add_project(f, theirs), 0);
    speak_for(f, &asker, claims, acme);
    const struct mh_reply *reply = projects(f, (struct mh_project_filter){0});
    assert_int_equal(reply->count, 1);
    assert_string_equal(reply->projects[0].name, "a");
    assert_int_equal(add_project(f, theirs), MH_EPERM);
    assert_int_equal(
        fixture_wait_code(
            f, mh_store_project_remove(f->store, &mh_uuid_zero, &theirs.id, fixture_done, f, NULL)),
        MH_EPERM);
    assert_int_equal(
        fixture_wait(f, mh_store_project_remove(f->store, &acme, &ours.id, fixture_done, f, NULL))
            ->count,
        1);
}

static void a_tenant_sends_a_credential_to_its_host_only(void **state)
{
    struct fixture *f = *state;
    char claims[100];
    struct mh_asker asker;
    struct mh_uuid acme = add_tenant(f, "acme", MH_PLAN_FREE);
    struct mh_credential any = a_credential("any"), bound = a_credential("bound");
    any.tenant_id = bound.tenant_id = acme;
    bound.host = "Example.org";
    assert_int_equal(add_credential(f, any), 0);
    assert_int_equal(add_credential(f, bound), 0);
    speak_for(f, &asker, claims, acme);
    struct mh_project project = a_project("web");
    project.tenant_id = acme;
    project.credential = "any";
    assert_int_equal(add_project(f, project), MH_EPERM);
    project.credential = "bound";
    project.url = "https://example.org.evil.org/a";
    assert_int_equal(add_project(f, project), MH_EPERM);
    project.url = "ssh://git@example.org/a";
    assert_int_equal(add_project(f, project), MH_EPERM);
    project.url = "https://example.org/a";
    assert_int_equal(add_project(f, project), 0);
}

static void a_running_job_marks_a_project_of_its_tenant(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid acme = add_tenant(f, "acme", MH_PLAN_FREE);
    struct mh_project project = a_project("web");
    project.tenant_id = acme;
    assert_int_equal(add_project(f, project), 0);
    struct mh_project_mark so_far = {
        .project_id = project.id, .state = MH_PROJECT_INDEXING, .path = "/tmp/x"};
    so_far.job_id = a_running_job(f, mh_uuid_zero).id;
    assert_int_equal(mark(f, so_far), 0);
    struct held job = a_running_job(f, acme);
    so_far.job_id = job.id;
    assert_int_equal(mark(f, so_far), 1);
    so_far = (struct mh_project_mark){job.id, project.id, MH_PROJECT_INDEXED, "", "abc", true};
    assert_int_equal(mark(f, so_far), 1);
    struct mh_project seen =
        projects(f, (struct mh_project_filter){.id = &project.id})->projects[0];
    assert_int_equal(seen.state, MH_PROJECT_INDEXED);
    assert_string_equal(seen.path, "");
    assert_string_equal(seen.commit, "abc");
    assert_id_equal(seen.job_id, job.id);
    assert_int_equal(seen.indexed_at, f->now);
    finish(f, job, MH_OUTCOME_COMPLETED);
    assert_int_equal(mark(f, so_far), 0);
}

static void of_two_running_jobs_one_has_a_project(void **state)
{
    struct fixture *f = *state;
    struct mh_project project = a_project("web");
    assert_int_equal(add_project(f, project), 0);
    struct held one = a_running_job(f, mh_uuid_zero), other = a_running_job(f, mh_uuid_zero);
    struct mh_project_mark of_one = {one.id, project.id, MH_PROJECT_INDEXING, "", NULL, false};
    struct mh_project_mark of_other = of_one;
    of_other.job_id = other.id;
    assert_int_equal(mark(f, of_one), 1);
    assert_int_equal(mark(f, of_other), 0);
    assert_int_equal(mark(f, of_one), 1);
    finish(f, one, MH_OUTCOME_FAILED);
    assert_int_equal(mark(f, of_other), 1);
    assert_int_equal(mark(f, of_one), 0);
}

static void a_job_may_have_a_project_and_leave_its_state(void **state)
{
    struct fixture *f = *state;
    struct mh_project project = a_project("web");
    assert_int_equal(add_project(f, project), 0);
    struct held one = a_running_job(f, mh_uuid_zero), other = a_running_job(f, mh_uuid_zero);
    struct mh_project_mark of_one = {one.id, project.id, MH_PROJECT__COUNT, "", NULL, false};
    struct mh_project_mark of_other = {other.id, project.id, MH_PROJECT_INDEXING, "", NULL, false};
    assert_int_equal(mark(f, of_one), 1);
    assert_int_equal(mark(f, of_other), 0);
    assert_int_equal(projects(f, (struct mh_project_filter){0})->projects[0].state, MH_PROJECT_NEW);
    finish(f, one, MH_OUTCOME_COMPLETED);
    assert_int_equal(mark(f, of_other), 1);
    finish(f, other, MH_OUTCOME_FAILED);
    assert_int_equal(sweep(f), 1); /* also before there is a clone */
}

static void clones_of_jobs_that_run_no_more_are_swept(void **state)
{
    struct fixture *f = *state;
    struct mh_project project = a_project("web");
    assert_int_equal(add_project(f, project), 0);
    struct held job = a_running_job(f, mh_uuid_zero);
    assert_int_equal(mark(f, (struct mh_project_mark){job.id, project.id, MH_PROJECT_INDEXING,
                                                      "/tmp/x", NULL, false}),
                     1);
    assert_int_equal(sweep(f), 0);
    finish(f, job, MH_OUTCOME_FAILED);
    assert_int_equal(sweep(f), 1);
    struct mh_project seen = projects(f, (struct mh_project_filter){0})->projects[0];
    assert_int_equal(seen.state, MH_PROJECT_FAILED);
    assert_string_equal(seen.path, "");
    assert_int_equal(sweep(f), 0);
}

static void they_go_with_their_tenant(void **state)
{
    struct fixture *f = *state;
    struct mh_project project = a_project("web");
    struct mh_credential credential = a_credential("c");
    project.tenant_id = credential.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    assert_int_equal(add_credential(f, credential), 0);
    assert_int_equal(add_project(f, project), 0);
    fixture_wait(f, mh_store_tenant_remove(f->store, &project.tenant_id, fixture_done, f, NULL));
    assert_int_equal(projects(f, (struct mh_project_filter){0})->count, 0);
    assert_int_equal(credentials(f, (struct mh_credential_filter){0})->count, 0);
}

/* --- their types */

static struct mh_dispatch job_of(const char *project, size_t len)
{
    struct mh_dispatch job = a_job("index");
    job.payload = project;
    job.payload_len = len;
    return job;
}

static void one_job_of_a_project_runs_at_a_time(void **state)
{
    struct fixture *f = *state;
    static const char a[] = "{\"project\": \"a\"}", b[] = "{\"project\": \"b\"}";
    enqueue_job(f, job_of(a, sizeof a - 1));
    enqueue_job(f, job_of(a, sizeof a - 1));
    enqueue_job(f, job_of(b, sizeof b - 1));
    assert_int_equal(claim(f, join_as(f, "w"), 10)->count, 2);
}

static void a_limit_that_a_person_sets_is_kept(void **state)
{
    struct fixture *f = *state;
    static const char a[] = "{\"project\": \"a\"}";
    const struct mh_limits none = {.max = -1, .per_tenant = -1, .per_key = 0};
    fixture_wait(f, mh_store_type_limit(f->store, "index", &none, fixture_done, f, NULL));
    enqueue_job(f, job_of(a, sizeof a - 1));
    enqueue_job(f, job_of(a, sizeof a - 1));
    assert_int_equal(claim(f, join_as(f, "w"), 10)->count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_credential_reads_back_as_it_was_added),
        STORE_TEST(sealed_bytes_come_only_where_they_are_asked_for),
        STORE_TEST(a_credential_is_changed_at_its_revision_only),
        STORE_TEST(a_credential_is_removed_by_tenant_and_name),
        STORE_TEST(a_job_uses_a_credential_of_its_tenant_while_it_runs),
        STORE_TEST(no_tenant_asks_after_credentials),
        STORE_TEST(a_project_reads_back_as_it_was_added),
        STORE_TEST(a_project_names_a_credential_of_its_tenant),
        STORE_TEST(a_tenant_sees_and_removes_its_own_projects),
        STORE_TEST(a_tenant_sends_a_credential_to_its_host_only),
        STORE_TEST(a_running_job_marks_a_project_of_its_tenant),
        STORE_TEST(of_two_running_jobs_one_has_a_project),
        STORE_TEST(a_job_may_have_a_project_and_leave_its_state),
        STORE_TEST(clones_of_jobs_that_run_no_more_are_swept),
        STORE_TEST(they_go_with_their_tenant),
        STORE_TEST(one_job_of_a_project_runs_at_a_time),
        STORE_TEST(a_limit_that_a_person_sets_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
