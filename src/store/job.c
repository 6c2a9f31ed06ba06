#include "store/job.h"

#include <string.h>

#include "base/err.h"

static const char *const status_names[MH_STATUS__COUNT] = {
    [MH_STATUS_PENDING] = "pending",     [MH_STATUS_PROCESSING] = "processing",
    [MH_STATUS_COMPLETED] = "completed", [MH_STATUS_FAILED] = "failed",
    [MH_STATUS_CANCELLED] = "cancelled",
};

static const struct {
    const char *name;
    int priority;
} plans[MH_PLAN__COUNT] = {
    [MH_PLAN_FREE] = {"free", 0},
    [MH_PLAN_STARTER] = {"starter", 5},
    [MH_PLAN_PRO] = {"pro", 10},
    [MH_PLAN_ENTERPRISE] = {"enterprise", 10},
};

const char *mh_status_name(enum mh_status status)
{
    if (status < 0 || status >= MH_STATUS__COUNT) return "none";
    return status_names[status];
}

enum mh_status mh_status_parse(const char *name)
{
    for (int i = 0; i < MH_STATUS__COUNT; i++)
        if (strcmp(status_names[i], name) == 0) return (enum mh_status)i;
    return MH_STATUS_NONE;
}

const char *mh_plan_name(enum mh_plan plan)
{
    return plans[plan].name;
}

int mh_plan_parse(const char *name, enum mh_plan *ret_plan)
{
    for (int i = 0; i < MH_PLAN__COUNT; i++) {
        if (strcmp(plans[i].name, name) != 0) continue;
        *ret_plan = (enum mh_plan)i;
        return 0;
    }
    return MH_EINVAL;
}

int mh_plan_priority(enum mh_plan plan)
{
    return plans[plan].priority;
}

static bool is_hex(const char *text, size_t len)
{
    return strspn(text, "0123456789abcdef") >= len;
}

static bool all_zero(const char *text, size_t len)
{
    return strspn(text, "0") >= len;
}

/* Nothing, or what a later version says: a dash, then printable ASCII without blanks. */
static bool is_rest(const char *text, bool later)
{
    if (*text == '\0') return true;
    if (!later || *text != '-') return false;
    while (*text > ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

bool mh_traceparent_valid(const char *text)
{
    size_t len = strlen(text);
    return len >= MH_TRACEPARENT && len <= MH_TRACEPARENT_MAX && is_hex(text, 2) &&
           strncmp(text, "ff", 2) != 0 && text[2] == '-' && is_hex(text + 3, 32) &&
           !all_zero(text + 3, 32) && text[35] == '-' && is_hex(text + 36, 16) &&
           !all_zero(text + 36, 16) && text[52] == '-' && is_hex(text + 53, 2) &&
           is_rest(text + MH_TRACEPARENT, strncmp(text, "00", 2) != 0);
}

bool mh_type_valid(const char *type)
{
    size_t len = strspn(type, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-");
    return len > 0 && len <= MH_TYPE_MAX && type[len] == '\0';
}
