#include "http/schedule_spec.h"

#include <jansson.h>

#include "queue/member.h"
#include "queue/rawjson.h"
#include "store/job.h"

struct apply {
    struct mh_arena *arena;
    struct mh_schedule *schedule;
    struct mh_err *err;
};

typedef int read_fn(struct apply *apply, const char *name, const json_t *value);

static int read_name(struct apply *apply, const char *name, const json_t *value)
{
    return mh_member_str(apply->arena, name, value, &apply->schedule->name, apply->err);
}

static int read_type(struct apply *apply, const char *name, const json_t *value)
{
    return mh_member_str(apply->arena, name, value, &apply->schedule->type, apply->err);
}

static int read_cron(struct apply *apply, const char *name, const json_t *value)
{
    return mh_member_str(apply->arena, name, value, &apply->schedule->cron, apply->err);
}

static int read_tz(struct apply *apply, const char *name, const json_t *value)
{
    return mh_member_str(apply->arena, name, value, &apply->schedule->tz, apply->err);
}

static int read_priority(struct apply *apply, const char *name, const json_t *value)
{
    if (json_is_null(value)) {
        apply->schedule->priority = -1;
        return 0;
    }
    return mh_member_int(name, value, 0, MH_PRIORITY_MAX, &apply->schedule->priority, apply->err);
}

static int read_max_attempts(struct apply *apply, const char *name, const json_t *value)
{
    return mh_member_int(name, value, 1, MH_ATTEMPTS_MAX, &apply->schedule->max_attempts,
                         apply->err);
}

static int read_missed(struct apply *apply, const char *name, const json_t *value)
{
    const char *word = json_string_value(value);
    if (word == NULL || mh_missed_parse(word, &apply->schedule->missed) < 0)
        return mh_member_wrong(name, "one, skip or all", apply->err);
    return 0;
}

static int read_overlap(struct apply *apply, const char *name, const json_t *value)
{
    const char *word = json_string_value(value);
    if (word == NULL || mh_overlap_parse(word, &apply->schedule->overlap) < 0)
        return mh_member_wrong(name, "allow or skip", apply->err);
    return 0;
}

static int read_paused(struct apply *apply, const char *name, const json_t *value)
{
    if (!json_is_boolean(value)) return mh_member_wrong(name, "true or false", apply->err);
    apply->schedule->paused = json_is_true(value);
    return 0;
}

static const struct {
    const char *name;
    read_fn *read;
} members[] = {
    {"name", read_name},     {"type", read_type},         {"cron", read_cron},
    {"tz", read_tz},         {"priority", read_priority}, {"max_attempts", read_max_attempts},
    {"missed", read_missed}, {"overlap", read_overlap},   {"paused", read_paused},
};

static int take_member(struct apply *apply, const struct mh_member *member, bool allow_name)
{
    json_error_t why;
    if (mh_rawjson_is(member, "payload")) {
        apply->schedule->payload = member->value;
        apply->schedule->payload_len = member->value_len;
        return 0;
    }
    for (size_t i = allow_name ? 0 : 1; i < MH_LEN(members); i++) {
        if (!mh_rawjson_is(member, members[i].name)) continue;
        json_t *value = json_loadb(member->value, member->value_len, JSON_DECODE_ANY, &why);
        int r = members[i].read(apply, members[i].name, value);
        json_decref(value);
        return r;
    }
    return mh_member_unknown(member, apply->err);
}

int mh_schedule_spec_apply(const char *text, size_t len, bool allow_name, struct mh_arena *arena,
                           struct mh_schedule *schedule, struct mh_err *err)
{
    struct mh_schedule whole = *schedule;
    struct apply apply = {arena, &whole, err};
    struct mh_member member;
    struct mh_rawjson scan = mh_rawjson_begin(text, len);
    while (mh_rawjson_next(&scan, &member)) {
        int r = take_member(&apply, &member, allow_name);
        if (r < 0) return r;
    }
    *schedule = whole;
    return 0;
}
