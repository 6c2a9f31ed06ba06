/* A store for the tests of the C library, which they reach through millhand.h alone.
 *
 * MILLHAND_TEST_STORE may be the URL of a PostgreSQL server: then the tests have a schema of their
 * own there, made by $MILLHAND migrate; otherwise a file in a folder that goes with them. The tests
 * of a program share it: each has job types of its own. The clock is the real one. */
#ifndef SITE_H
#define SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <millhand.h>

int site_setup(void **state); /* of a group */
int site_teardown(void **state);

/* A handle on it; NULL for the usual options. Whatever goes wrong fails the test. */
struct millhand *site_open(const struct millhand_options *options);

/* What a worker needs besides its handlers. */
struct millhand *site_open_logging(millhand_log_fn *log, void *arg);

/* Dispatches a job of the type. */
void site_dispatch(struct millhand *mh, const char *type, char id[MILLHAND_ID_SIZE]);

/* The job; free it with millhand_job_free. */
struct millhand_job *site_get(struct millhand *mh, const char *id);
enum millhand_status site_status(struct millhand *mh, const char *id);

/* Fails unless `r` is 0 or more. */
void site_ok(int r, const struct millhand_error *err);

/* Lets a millisecond go by; fails when `*ms`, which it counts down, is used up. */
void site_tick(int *ms);

#endif
