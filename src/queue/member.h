/* Values of members that came from outside as JSON: read, or refused with the member named. All
 * return 0, MH_EINVAL or MH_ENOMEM. Thread-safe. */
#ifndef MH_MEMBER_H
#define MH_MEMBER_H

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "queue/rawjson.h"

struct json_t; /* jansson's */

/* A string, which is copied into `arena`. */
int mh_member_str(struct mh_arena *arena, const char *name, const struct json_t *value,
                  const char **ret_text, struct mh_err *err) MH_MUST_CHECK;

/* A whole number from `min` to `max`. */
int mh_member_int(const char *name, const struct json_t *value, int min, int max, int *ret_number,
                  struct mh_err *err) MH_MUST_CHECK;

/* "NAME: expected EXPECTED" */
int mh_member_wrong(const char *name, const char *expected, struct mh_err *err);

/* A misspelt member must not be lost. */
int mh_member_unknown(const struct mh_member *member, struct mh_err *err);

#endif
