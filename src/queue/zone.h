/* Time zones: how far local time is from UTC, and when that changes.
 *
 * Read from the system's own files (TZif, RFC 8536, version 2 or later), so that summer time is
 * what the machine's tzdata says; neither TZ nor the C library's zone is looked at or changed. A
 * zone is a list of spans of constant offset. After the file's last change its rule for the years
 * to come is followed until 2200, and past that the offset stays. "UTC" needs no file.
 *
 * Times are seconds since 1970 in UTC. A zone does not change once it is open: any thread may read
 * it. */
#ifndef MH_ZONE_H
#define MH_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_ZONE_FOLDER   "/usr/share/zoneinfo"
#define MH_ZONE_NAME_MAX 64
#define MH_ZONE_FILE_MAX 65536 /* bytes; the largest there is has some 4,000 */

struct mh_zone;

/* Opens the zone of this name, such as "Europe/Berlin", from the folder, usually MH_ZONE_FOLDER.
 * MH_EINVAL: no such zone, or a file that is none; MH_ENOENT: there are no zones in the folder. */
int mh_zone_open(const char *folder, const char *name, struct mh_zone **ret_zone,
                 struct mh_err *err) MH_MUST_CHECK;

/* The same from the bytes of a file. */
int mh_zone_read(const char *bytes, size_t len, struct mh_zone **ret_zone,
                 struct mh_err *err) MH_MUST_CHECK;

void mh_zone_free(struct mh_zone *zone); /* accepts NULL */

struct mh_zone_span {
    int64_t start;  /* the first second of it, INT64_MIN: it always was so */
    int64_t end;    /* the first second after it, INT64_MAX: it stays so */
    int64_t offset; /* local time is UTC and so many seconds */
    int64_t before; /* the offset of the span before; its own where there is none */
};

/* The span in which a second lies. */
struct mh_zone_span mh_zone_span(const struct mh_zone *zone, int64_t second);

#define MH_ZONE_TEXT 40

/* What the clock on the wall shows, "Sun 2026-03-29 03:00:00 +02:00". */
void mh_zone_format(const struct mh_zone *zone, int64_t second, char ret_text[MH_ZONE_TEXT]);

#endif
