#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "base/uuid.h"

#define NOW INT64_C(1700000000123)

static int after(const struct mh_uuid *a, const struct mh_uuid *b)
{
    return memcmp(a->b, b->b, sizeof a->b) > 0;
}

static int64_t time_of(const struct mh_uuid *id)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->b[i];
    return ms;
}

static void a_new_id_has_the_time_the_version_and_the_variant(void **state)
{
    char text[MH_UUID_TEXT];
    mh_clock_fake(NOW);
    struct mh_uuid id = mh_uuid_new();
    mh_clock_fake(0);
    mh_uuid_format(&id, text);
    assert_memory_equal(text, "018bcfe5-687b-7", 15);
    assert_non_null(strchr("89ab", text[19]));
}

static void ids_increase_within_a_millisecond(void **state)
{
    mh_clock_fake(NOW);
    struct mh_uuid last = mh_uuid_new();
    for (int i = 0; i < 100000; i++) {
        struct mh_uuid id = mh_uuid_new();
        assert_true(after(&id, &last));
        last = id;
    }
    assert_int_equal(time_of(&last), NOW);
    mh_clock_fake(0);
}

static void ids_increase_when_the_clock_is_set_back(void **state)
{
    mh_clock_fake(NOW + 5000);
    struct mh_uuid before = mh_uuid_new();
    mh_clock_fake(NOW);
    struct mh_uuid id = mh_uuid_new();
    assert_true(after(&id, &before));
    mh_clock_fake(NOW + 5001);
    struct mh_uuid later = mh_uuid_new();
    mh_clock_fake(0);
    assert_true(after(&later, &id));
    assert_int_equal(time_of(&later), NOW + 5001);
}

#define THREADS    4
#define PER_THREAD 20000

static void *make_many(void *arg)
{
    struct mh_uuid *ids = arg;
    for (int i = 0; i < PER_THREAD; i++)
        ids[i] = mh_uuid_new();
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct mh_uuid));
}

static void threads_never_share_a_counter(void **state)
{
    static struct mh_uuid ids[THREADS * PER_THREAD];
    pthread_t threads[THREADS];
    mh_clock_fake(NOW + 10000);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, ids + i * PER_THREAD), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    mh_clock_fake(0);
    for (int i = 1; i < THREADS * PER_THREAD; i++)
        assert_true(i % PER_THREAD == 0 || after(&ids[i], &ids[i - 1]));
    qsort(ids, THREADS * PER_THREAD, sizeof(struct mh_uuid), compare);
    /* Ten bytes hold the time and the counter; what is random comes behind them. */
    for (int i = 1; i < THREADS * PER_THREAD; i++)
        assert_memory_not_equal(ids[i].b, ids[i - 1].b, 10);
}

static void a_forked_child_makes_other_ids(void **state)
{
    struct mh_uuid theirs;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    mh_clock_fake(NOW + 12000);
    (void)mh_uuid_new(); /* what is kept for the next is then there */
    pid_t child = fork();
    struct mh_uuid ours = mh_uuid_new();
    if (child == 0) _exit(write(ends[1], &ours, sizeof ours) == sizeof ours ? 0 : 1);
    mh_clock_fake(0);
    assert_int_equal(read(ends[0], &theirs, sizeof theirs), sizeof theirs);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(mh_uuid_equal(&ours, &theirs));
    assert_int_equal(close(ends[0]) + close(ends[1]), 0);
}

static void a_full_counter_borrows_the_next_millisecond(void **state)
{
    int64_t now = NOW + 15000;
    struct mh_uuid last;
    mh_random_seed(1);
    do { /* until the counter starts within 16,384 of its end */
        mh_clock_fake(++now);
        last = mh_uuid_new();
    } while (last.b[6] != 0x7f || last.b[7] != 0xff);
    for (int i = 0; i < 16384; i++) {
        struct mh_uuid id = mh_uuid_new();
        assert_true(after(&id, &last));
        last = id;
    }
    assert_int_equal(time_of(&last), now + 1);
    mh_random_seed(0);
    mh_clock_fake(0);
}

static void each_millisecond_starts_with_a_new_counter(void **state)
{
    mh_clock_fake(NOW + 90000);
    struct mh_uuid ours = mh_uuid_new();
    mh_clock_fake(NOW + 90001);
    struct mh_uuid theirs = mh_uuid_new();
    mh_clock_fake(0);
    assert_memory_not_equal(ours.b + 6, theirs.b + 6, 10);
}

static void the_text_reads_back(void **state)
{
    static const char text[] = "0123abcd-4567-89ef-0a1b-2c3d4e5f6071";
    char again[MH_UUID_TEXT];
    struct mh_uuid id, upper;
    assert_int_equal(mh_uuid_parse(text, &id), 0);
    mh_uuid_format(&id, again);
    assert_string_equal(again, text);
    assert_int_equal(mh_uuid_parse("0123ABCD-4567-89EF-0A1B-2C3D4E5F6071", &upper), 0);
    assert_true(mh_uuid_equal(&id, &upper));
    assert_false(mh_uuid_equal(&id, &mh_uuid_zero));
}

static void zero_is_the_default_tenant(void **state)
{
    char text[MH_UUID_TEXT];
    mh_uuid_format(&mh_uuid_zero, text);
    assert_string_equal(text, "00000000-0000-0000-0000-000000000000");
}

static void what_is_not_an_id_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "0",
        "0123abcd-4567-89ef-0a1b-2c3d4e5f607",
        "0123abcd-4567-89ef-0a1b-2c3d4e5f60712",
        "0123abcd-4567-89ef-0a1b-2c3d4e5f607g",
        "0123abcd-4567-89ef-0a1b2c3d-4e5f6071",
        "0123abcd456789ef0a1b2c3d4e5f6071",
        "{0123abcd-4567-89ef-0a1b-2c3d4e5f6071}",
        " 123abcd-4567-89ef-0a1b-2c3d4e5f6071",
        "0123abcd-4567-89ef-0a1b-2c3d4e5f6071\n",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        struct mh_uuid id = mh_uuid_zero;
        assert_int_equal(mh_uuid_parse(wrong[i], &id), MH_EINVAL);
        assert_true(mh_uuid_equal(&id, &mh_uuid_zero));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_id_has_the_time_the_version_and_the_variant),
        cmocka_unit_test(ids_increase_within_a_millisecond),
        cmocka_unit_test(ids_increase_when_the_clock_is_set_back),
        cmocka_unit_test(threads_never_share_a_counter),
        cmocka_unit_test(a_forked_child_makes_other_ids),
        cmocka_unit_test(a_full_counter_borrows_the_next_millisecond),
        cmocka_unit_test(each_millisecond_starts_with_a_new_counter),
        cmocka_unit_test(the_text_reads_back),
        cmocka_unit_test(zero_is_the_default_tenant),
        cmocka_unit_test(what_is_not_an_id_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
