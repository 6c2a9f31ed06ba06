/* Files of zone information: what is read is a list of spans that join and differ. */
#include "base/compiler.h"
#include "fuzz.h"
#include "queue/zone.h"

#define OFFSET_MAX (26 * 3600)

static void check_span(const struct mh_zone_span *span, int64_t second)
{
    require(span->start <= second && second < span->end);
    require(span->offset >= -OFFSET_MAX && span->offset <= OFFSET_MAX);
    require((span->start == INT64_MIN) == (span->before == span->offset));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mh_zone *zone = NULL;
    struct mh_err err;
    if (mh_zone_read((const char *)data, size, &zone, &err) < 0) {
        require(err.code == MH_EINVAL && zone == NULL);
        return 0;
    }
    struct mh_zone_span span = mh_zone_span(zone, INT64_MIN);
    check_span(&span, INT64_MIN);
    while (span.end != INT64_MAX) {
        struct mh_zone_span next = mh_zone_span(zone, span.end);
        check_span(&next, span.end);
        require(next.start == span.end && next.before == span.offset);
        span = next;
    }
    mh_zone_free(zone);
    return 0;
}
