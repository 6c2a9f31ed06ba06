#include "http/schedule_spec.h"

#include <jansson.h>
#include <string.h>

#include "queue/rawjson.h"
#include "store/job.h"

struct apply {
    struct mh_arena *arena;
    struct mh_schedule *schedule;
    struct mh_err *err;
};

typedef int read_fn(struct apply *apply, const char *name, const json_t *value);

static int wrong(struct apply *apply, const char *name, const char *expected)
{
    return mh_err_set(apply->err, MH_EINVAL, "%s: expected %s", name, expected);
}

static int copy_text(struct apply *apply, const char *name, const json_t *value,
                     const char **ret_text)
{
    if (!json_is_string(value)) return wrong(apply, name, "a string");
    const char *copy = mh_arena_str(apply->arena, json_string_value(value));
    if (copy == NULL) return mh_err_set(apply->err, MH_ENOMEM, "out of memory");
    *ret_text = copy;
    return 0;
}

static int read_name(struct apply *apply, const char *name, const json_t *value)
{
    return copy_text(apply, name, value, &apply->schedule->name);
}

static int read_type(struct apply *apply, const char *name, const json_t *value)
{
    return copy_text(apply, name, value, &apply->schedule->type);
}

static int read_cron(struct apply *apply, const char *name, const json_t *value)
{
    return copy_text(apply, name, value, &apply->schedule->cron);
}

static int read_tz(struct apply *apply, const char *name, const json_t *value)
{
    return copy_text(apply, name, value, &apply->schedule->tz);
}

static int read_number(struct apply *apply, const char *name, const json_t *value, int min, int max,
                       int *ret_number)
{
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : (json_int_t)min - 1;
    if (number < min || number > max)
        return mh_err_set(apply->err, MH_EINVAL, "%s: expected a whole number from %d to %d", name,
                          min, max);
    *ret_number = (int)number;
    return 0;
}

static int read_priority(struct apply *apply, const char *name, const json_t *value)
{
    if (json_is_null(value)) {
        apply->schedule->priority = -1;
        return 0;
    }
    return read_number(apply, name, value, 0, MH_PRIORITY_MAX, &apply->schedule->priority);
}

static int read_max_attempts(struct apply *apply, const char *name, const json_t *value)
{
    return read_number(apply, name, value, 1, MH_ATTEMPTS_MAX, &apply->schedule->max_attempts);
}

static int read_missed(struct apply *apply, const char *name, const json_t *value)
{
    const char *word = json_string_value(value);
    if (word == NULL || mh_missed_parse(word, &apply->schedule->missed) < 0)
        return wrong(apply, name, "one, skip or all");
    return 0;
}

static int read_overlap(struct apply *apply, const char *name, const json_t *value)
{
    const char *word = json_string_value(value);
    if (word == NULL || (strcmp(word, "allow") != 0 && strcmp(word, "skip") != 0))
        return wrong(apply, name, "allow or skip");
    apply->schedule->overlap = strcmp(word, "allow") == 0;
    return 0;
}

static int read_paused(struct apply *apply, const char *name, const json_t *value)
{
    if (!json_is_boolean(value)) return wrong(apply, name, "true or false");
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
    int shown = member->name_len < 40 ? (int)member->name_len : 40;
    return mh_err_set(apply->err, MH_EINVAL, "unknown member \"%.*s\"", shown, member->name);
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
