#include "http/trace.h"

#include <string.h>

#include "base/uuid.h"

#define TRACE_ID 32

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
    if (traceparent != NULL && mh_traceparent_valid(traceparent)) ret_trace->parent = traceparent;
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
