/* UUIDs: version 7 made here (RFC 9562), any version read. Thread-safe. */
#ifndef MH_UUID_H
#define MH_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define MH_UUID_TEXT 37 /* 36 characters and the NUL */

struct mh_uuid {
    uint8_t b[16];
};

/* The default tenant: all zeros. */
extern const struct mh_uuid mh_uuid_zero;

/* A new version 7 id. Ids made by one process increase strictly, also within one millisecond. */
struct mh_uuid mh_uuid_new(void);

/* The 36-character form, lower case on output, either case on input; returns 0 or MH_EINVAL. */
int mh_uuid_parse(const char *text, struct mh_uuid *ret_id) MH_MUST_CHECK;
void mh_uuid_format(const struct mh_uuid *id, char ret_text[MH_UUID_TEXT]);

bool mh_uuid_equal(const struct mh_uuid *a, const struct mh_uuid *b);

#endif
