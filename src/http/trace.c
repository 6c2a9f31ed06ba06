#include "http/trace.h"

#include <string.h>

#include "base/uuid.h"

#define TRACE_ID 32

static bool is_hex(const char *text, size_t len)
{
    return strspn(text, "0123456789abcdef") >= len;
}

static bool all_zero(const char *text, size_t len)
{
    return strspn(text, "0") >= len;
}

/* "00-<32 hex digits>-<16>-<2>"; later versions may say more behind a further dash. */
static bool is_traceparent(const char *text)
{
    return strlen(text) >= MH_TRACEPARENT && is_hex(text, 2) && strncmp(text, "ff", 2) != 0 &&
           text[2] == '-' && is_hex(text + 3, TRACE_ID) && !all_zero(text + 3, TRACE_ID) &&
           text[35] == '-' && is_hex(text + 36, 16) && !all_zero(text + 36, 16) &&
           text[52] == '-' && is_hex(text + 53, 2) &&
           (text[MH_TRACEPARENT] == '\0' ||
            (text[MH_TRACEPARENT] == '-' && strncmp(text, "00", 2) != 0));
}

static bool is_id(const char *text)
{
    size_t len = 0;
    while (text[len] > ' ' && text[len] <= '~')
        len++;
    return len >= 1 && len <= MH_KEY_MAX && text[len] == '\0';
}

bool mh_trace_read(const char *correlation_id, const char *traceparent, struct mh_trace *ret_trace)
{
    *ret_trace = (struct mh_trace){.given = true};
    if (traceparent != NULL && is_traceparent(traceparent)) ret_trace->parent = traceparent;
    if (correlation_id != NULL && is_id(correlation_id)) {
        memcpy(ret_trace->id, correlation_id, strlen(correlation_id) + 1);
    } else if (ret_trace->parent != NULL) {
        memcpy(ret_trace->id, traceparent + 3, TRACE_ID);
    } else {
        struct mh_uuid id = mh_uuid_new();
        mh_uuid_format(&id, ret_trace->id);
        ret_trace->given = false;
    }
    return correlation_id == NULL || is_id(correlation_id);
}
