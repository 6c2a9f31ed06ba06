#include "queue/spec.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "queue/member.h"
#include "queue/rawjson.h"

#define DELAY_MAX_S (10 * 365 * 86400.0)
#define A_DELAY     "a duration such as \"5m\", or seconds up to 10 years"

struct parse {
    const struct mh_spec_defaults *defaults;
    struct mh_arena *arena;
    struct mh_dispatch *job;
    bool has_delay;
    struct mh_err *err;
};

typedef int read_fn(struct parse *parse, const char *name, const json_t *value);

static int read_type(struct parse *parse, const char *name, const json_t *value)
{
    return mh_member_str(parse->arena, name, value, &parse->job->type, parse->err);
}

static int read_unique_key(struct parse *parse, const char *name, const json_t *value)
{
    return mh_member_str(parse->arena, name, value, &parse->job->unique_key, parse->err);
}

static int read_correlation_id(struct parse *parse, const char *name, const json_t *value)
{
    return mh_member_str(parse->arena, name, value, &parse->job->correlation_id, parse->err);
}

static int read_traceparent(struct parse *parse, const char *name, const json_t *value)
{
    return mh_member_str(parse->arena, name, value, &parse->job->traceparent, parse->err);
}

static int read_tenant_id(struct parse *parse, const char *name, const json_t *value)
{
    if (!parse->defaults->allow_tenant)
        return mh_err_set(parse->err, MH_EINVAL, "%s: cannot be chosen here", name);
    if (!json_is_string(value) ||
        mh_uuid_parse(json_string_value(value), &parse->job->tenant_id) < 0)
        return mh_member_wrong(name, "a UUID", parse->err);
    return 0;
}

static int read_priority(struct parse *parse, const char *name, const json_t *value)
{
    return mh_member_int(name, value, 0, MH_PRIORITY_MAX, &parse->job->priority, parse->err);
}

static int read_max_attempts(struct parse *parse, const char *name, const json_t *value)
{
    return mh_member_int(name, value, 1, MH_ATTEMPTS_MAX, &parse->job->max_attempts, parse->err);
}

static int read_run_at(struct parse *parse, const char *name, const json_t *value)
{
    if (!json_is_string(value))
        return mh_member_wrong(name, "a time such as 2030-01-31T08:00:00Z", parse->err);
    int r = mh_time_parse(json_string_value(value), &parse->job->run_at, parse->err);
    return r < 0 ? mh_err_prefix(parse->err, r, "%s", name) : 0;
}

static int read_delay(struct parse *parse, const char *name, const json_t *value)
{
    parse->has_delay = true;
    if (json_is_number(value)) {
        double seconds = json_number_value(value);
        if (!(seconds >= 0 && seconds <= DELAY_MAX_S))
            return mh_member_wrong(name, A_DELAY, parse->err);
        parse->job->delay_ms = (int64_t)llround(seconds * 1000);
        return 0;
    }
    if (!json_is_string(value)) return mh_member_wrong(name, A_DELAY, parse->err);
    int r = mh_duration_parse(json_string_value(value), &parse->job->delay_ms, parse->err);
    return r < 0 ? mh_err_prefix(parse->err, r, "%s", name) : 0;
}

/* Every member but the payload, whose bytes are kept and not read here. */
static const struct {
    const char *name;
    read_fn *read;
} members[] = {
    {"type", read_type},
    {"priority", read_priority},
    {"run_at", read_run_at},
    {"delay", read_delay},
    {"max_attempts", read_max_attempts},
    {"unique_key", read_unique_key},
    {"correlation_id", read_correlation_id},
    {"traceparent", read_traceparent},
    {"tenant_id", read_tenant_id},
};

/* Decodes the value of member `index` alone; null stands for a member that is not there. */
static int read_member(struct parse *parse, size_t index, const struct mh_member *member)
{
    json_error_t error;
    json_t *value = json_loadb(member->value, member->value_len, JSON_DECODE_ANY, &error);
    /* The whole text is valid JSON, so what fails here is a number out of all range. */
    if (value == NULL) value = json_true();
    int r = 0;
    if (!json_is_null(value)) r = members[index].read(parse, members[index].name, value);
    json_decref(value);
    return r;
}

static int take_member(struct parse *parse, const struct mh_member *member)
{
    if (mh_rawjson_is(member, "payload")) {
        parse->job->payload = member->value;
        parse->job->payload_len = member->value_len;
        return 0;
    }
    for (size_t i = 0; i < MH_LEN(members); i++)
        if (mh_rawjson_is(member, members[i].name)) return read_member(parse, i, member);
    return mh_member_unknown(member, parse->err);
}

int mh_spec_parse(const char *text, size_t len, const struct mh_spec_defaults *defaults,
                  struct mh_arena *arena, struct mh_dispatch *ret_job, struct mh_err *err)
{
    struct mh_dispatch job = {.tenant_id = defaults->tenant_id,
                              .type = defaults->type,
                              .payload = "{}",
                              .payload_len = 2,
                              .priority = -1};
    struct parse parse = {.defaults = defaults, .arena = arena, .job = &job, .err = err};
    int r = mh_json_check(text, len, MH_JSON_OBJECT, err);
    if (r < 0) return r;

    struct mh_member member;
    struct mh_rawjson scan = mh_rawjson_begin(text, len);
    while (r == 0 && mh_rawjson_next(&scan, &member))
        r = take_member(&parse, &member);
    if (r < 0) return r;

    if (job.type == NULL) return mh_err_set(err, MH_EINVAL, "type: is required");
    if (job.run_at != 0 && parse.has_delay)
        return mh_err_set(err, MH_EINVAL, "run_at: give it or a delay, not both");
    r = mh_dispatch_check(&job, defaults->max_payload_bytes, err);
    if (r < 0) return r;
    job.id = mh_uuid_new();
    *ret_job = job;
    return 0;
}
