/* Checks of what callers give the store, with errors in the user's words. Included by the
 * dispatcher only.
 *
 * Each returns 0 or MH_EINVAL or MH_ELIMIT with the field named. */
#ifndef MH_STORE_CHECK_H
#define MH_STORE_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/store.h"

/* The longest delay and lease, about ten years. */
#define MH_DELAY_MAX INT64_C(315576000000)

int mh_check_type(const char *type, struct mh_err *err) MH_MUST_CHECK;

/* At most MH_TYPES_MAX valid types; `types` NULL: every type, which is fine. */
int mh_check_types(const char *const *types, size_t count, struct mh_err *err) MH_MUST_CHECK;

/* 1 to MH_KEY_MAX bytes of UTF-8. */
int mh_check_key(const char *field, const char *text, struct mh_err *err) MH_MUST_CHECK;

/* As a key, and without control characters: it goes into log lines and environments. */
int mh_check_correlation_id(const char *text, struct mh_err *err) MH_MUST_CHECK;

/* Of W3C Trace Context. */
int mh_check_traceparent(const char *text, struct mh_err *err) MH_MUST_CHECK;

int mh_check_range(const char *field, int64_t value, int64_t min, int64_t max,
                   struct mh_err *err) MH_MUST_CHECK;

int mh_check_finish(const struct mh_finish *finish, int64_t max_result_bytes,
                    struct mh_err *err) MH_MUST_CHECK;

#endif
