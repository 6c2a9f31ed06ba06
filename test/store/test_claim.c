#include "fixture.h"

#include <string.h>

static void a_claimed_job_is_processing(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w1");
    struct mh_uuid id = enqueue(f, "mail");
    fixture_advance(f, 5);

    const struct mh_reply *reply = claim(f, worker, 10);

    assert_int_equal(reply->count, 1);
    const struct mh_job *job = &reply->jobs[0];
    assert_id_equal(job->id, id);
    assert_string_equal(job->payload, "{}");
    assert_int_equal(job->status, MH_STATUS_PROCESSING);
    assert_int_equal(job->attempts, 1);
    assert_int_equal(job->started_at, f->now);
    assert_string_equal(job->worker_id, "w1");
    const struct mh_job *kept = get(f, id);
    assert_int_equal(kept->status, MH_STATUS_PROCESSING);
    assert_int_equal(kept->attempts, 1);
    assert_int_equal(kept->started_at, f->now);
    assert_string_equal(kept->worker_id, "w1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_claimed_job_is_processing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
