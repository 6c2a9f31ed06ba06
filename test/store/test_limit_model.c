/* Claims of a type with limits of all kinds, beside one without, against a model that says which
 * job must come next. MILLHAND_TEST_SEED chooses another course. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    JOBS = 240,
    TENANTS = 3,
    KEYS = 4,
    ROUNDS = 120,
    MODEL_MAX = 6,
    PER_TENANT = 3,
    PER_KEY = 1
};

struct model_job {
    struct mh_uuid id;
    int tenant, key, priority;
    bool limited;
    enum { WAITS, RUNS, ENDED } state;
    int64_t lease;
};

struct model {
    struct fixture *f;
    struct mh_uuid tenants[TENANTS];
    struct model_job jobs[JOBS]; /* in the order of becoming due */
    size_t count;
};

static int roll(int sides)
{
    return (int)((unsigned)random() % (unsigned)sides);
}

static void model_enqueue(struct model *model)
{
    struct model_job *job = &model->jobs[model->count++];
    *job = (struct model_job){
        .tenant = roll(TENANTS), .key = roll(KEYS), .priority = roll(2), .limited = roll(4) > 0};
    char payload[32];
    struct mh_dispatch dispatch = a_job(job->limited ? "limited" : "free");
    (void)snprintf(payload, sizeof payload, job->key == 0 ? "{}" : "{\"k\": %d}", job->key);
    dispatch.payload = payload;
    dispatch.payload_len = strlen(payload);
    dispatch.priority = job->priority;
    dispatch.tenant_id = model->tenants[job->tenant];
    fixture_advance(model->f, 1);
    job->id = enqueue_job(model->f, dispatch);
}

static bool may_run(const struct model *model, const struct model_job *job)
{
    int all = 0, tenant = 0, key = 0;
    for (size_t i = 0; i < model->count && job->limited; i++) {
        const struct model_job *other = &model->jobs[i];
        if (!other->limited || other->state != RUNS) continue;
        all++;
        if (other->tenant != job->tenant) continue;
        tenant++;
        if (other->key != 0 && other->key == job->key) key++;
    }
    return all < MODEL_MAX && tenant < PER_TENANT && key < PER_KEY;
}

/* The job that is to be claimed next, or NULL. */
static struct model_job *model_next(struct model *model)
{
    for (int priority = 1; priority >= 0; priority--)
        for (size_t i = 0; i < model->count; i++) {
            struct model_job *job = &model->jobs[i];
            if (job->state == WAITS && job->priority == priority && may_run(model, job)) return job;
        }
    return NULL;
}

static void model_claim(struct model *model, int64_t worker, size_t limit)
{
    const struct mh_reply *reply = claim(model->f, worker, limit);
    for (size_t i = 0; i < reply->count; i++) {
        struct model_job *job = model_next(model);
        assert_non_null(job);
        assert_id_equal(reply->jobs[i].id, job->id);
        job->state = RUNS;
        job->lease = reply->lease;
    }
    if (reply->count < limit) assert_null(model_next(model));
}

static void model_finish(struct model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        struct model_job *job = &model->jobs[i];
        if (job->state != RUNS || roll(3) == 0) continue;
        finish(model->f, (struct held){job->lease, job->id}, MH_OUTCOME_COMPLETED);
        job->state = ENDED;
    }
}

static void claims_are_those_of_the_model(void **state)
{
    struct model model = {.f = *state};
    struct fixture *f = model.f;
    const char *seed = getenv("MILLHAND_TEST_SEED");
    srandom(seed != NULL ? (unsigned)strtoul(seed, NULL, 10) : 1);
    for (int i = 0; i < TENANTS; i++)
        model.tenants[i] = add_tenant(f, (const char[]){(char)('a' + i), '\0'}, MH_PLAN_FREE);
    int64_t workers[] = {join_as(f, "a"), join_as(f, "b")};
    const struct mh_limits limits = {MODEL_MAX, PER_TENANT, PER_KEY, "k"};
    fixture_wait(f, mh_store_type_limit(f->store, "limited", &limits, fixture_done, f, NULL));
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++)
            model_enqueue(&model);
        model_claim(&model, workers[roll(2)], (size_t)(1 + roll(6)));
        if (roll(2) == 0) model_finish(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(claims_are_those_of_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
