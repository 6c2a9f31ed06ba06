/* A fresh store for each test, and store.h as blocking calls over a loop.
 *
 * The store is made from the pattern in MILLHAND_TEST_STORE, "%s" in it standing for a name that no
 * other test has; by default it is a file in a folder that goes with the test. On PostgreSQL the
 * tests of a program share a schema, which each finds empty. Time stands still until
 * fixture_advance; a test has ten seconds, or MILLHAND_TEST_SECONDS. Replies are copied and live as
 * long as the test. Whatever a shorthand does not expect fails the test. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>
#include <uv.h>

#include "base/arena.h"
#include "store/move.h"
#include "store/store.h"

#define LEASE_MS   30000
#define TEST_START INT64_C(1800000000000)

struct fixture {
    uv_loop_t loop;
    struct mh_store *store;
    struct mh_arena arena;
    struct mh_reply *reply; /* of the call under way; NULL: none yet */
    int64_t now;
    char name[16];
    char folder[64];
    char url[512];
    const char *path;   /* of a FILE_TEST's store */
    struct pg_conn *pg; /* to PostgreSQL, for its clock; NULL on SQLite */
};

/* For cmocka: a test with a store of its own and ten seconds. */
#define STORE_TEST(function)                                                                       \
    cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* For tests of SQLite alone: the path of a file, whatever the pattern says, and no store yet. */
#define FILE_TEST(function)                                                                        \
    cmocka_unit_test_setup_teardown(function, fixture_setup_file, fixture_teardown)
int fixture_setup_file(void **state);

/* For a child process: an open store at `url`, on the real clock. Detach closes it. */
void fixture_attach(struct fixture *f, const char *url);
void fixture_detach(struct fixture *f);

/* Runs this program with arguments (the last is NULL) and one end of a pipe as its standard output;
 * the other end is *ret_fd. */
pid_t fixture_spawn(const char *const *args, int *ret_fd);

/* The exit status of a child; fails where a signal ended it. */
int fixture_join(pid_t pid);

void fixture_advance(struct fixture *f, int64_t ms);

/* Opens another handle on the fixture's store, and closes it. */
struct mh_store *fixture_open(struct fixture *f);
struct mh_store *fixture_open_with(struct fixture *f, const struct mh_store_options *options,
                                   struct mh_err *ret_err); /* NULL: refused, *ret_err says why */
struct mh_store_options fixture_options(const struct fixture *f);

/* Give fixture_done and f to a call of store.h, then its value to fixture_wait. */
void fixture_done(void *arg, const struct mh_reply *reply);
const struct mh_reply *fixture_wait(struct fixture *f, int called); /* of a call that succeeds */
int fixture_wait_code(struct fixture *f, int called);               /* refused at once or later */

/* Runs the loop until *flag is not zero; fails after `ms`. */
void fixture_until(struct fixture *f, const int *flag, int64_t ms);

/* --- shorthands; a zero in a struct means the usual */

struct mh_uuid enqueue(struct fixture *f, const char *type);
struct mh_uuid enqueue_job(struct fixture *f, struct mh_dispatch job);
struct mh_dispatch a_job(const char *type); /* priority 0, payload {} */
int enqueue_code(struct fixture *f, struct mh_dispatch job);
void fill_payload(char *payload, size_t len); /* exactly so long, in the form every store keeps */

int64_t join_as(struct fixture *f, const char *worker_id);
const struct mh_reply *claim(struct fixture *f, int64_t worker, size_t limit);
const struct mh_reply *claim_type(struct fixture *f, int64_t worker, size_t limit,
                                  const char *type);

struct held { /* a claimed job */
    int64_t lease;
    struct mh_uuid id;
};
struct held claim_one(struct fixture *f, int64_t worker); /* there is one */

enum mh_status finish_with(struct fixture *f, struct mh_finish finish);
enum mh_status finish(struct fixture *f, struct held held, enum mh_outcome outcome);
enum mh_status beat(struct fixture *f, int64_t worker, struct held held);
size_t reclaim(struct fixture *f);

const struct mh_job *get(struct fixture *f, struct mh_uuid id); /* NULL: no such job */
enum mh_status status_of(struct fixture *f, struct mh_uuid id);
const struct mh_reply *attempts_of(struct fixture *f, struct mh_uuid id);
struct mh_acted act(struct fixture *f, enum mh_act act, struct mh_uuid id);
struct mh_stats stats(struct fixture *f);

struct mh_uuid add_tenant(struct fixture *f, const char *name, enum mh_plan plan);

void assert_id_equal(struct mh_uuid a, struct mh_uuid b);

#define A_TRACEPARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

#endif
