#include "queue/member.h"

#include <jansson.h>

#define NAME_SHOWN 40 /* bytes of an unknown member's name in an error */

int mh_member_str(struct mh_arena *arena, const char *name, const json_t *value,
                  const char **ret_text, struct mh_err *err)
{
    if (!json_is_string(value)) return mh_member_wrong(name, "a string", err);
    char *copy = mh_arena_copy(arena, json_string_value(value), json_string_length(value));
    if (copy == NULL) return mh_err_set(err, MH_ENOMEM, "out of memory");
    *ret_text = copy;
    return 0;
}

int mh_member_int(const char *name, const json_t *value, int min, int max, int *ret_number,
                  struct mh_err *err)
{
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : (json_int_t)min - 1;
    if (number < min || number > max)
        return mh_err_set(err, MH_EINVAL, "%s: expected a whole number from %d to %d", name, min,
                          max);
    *ret_number = (int)number;
    return 0;
}

int mh_member_wrong(const char *name, const char *expected, struct mh_err *err)
{
    return mh_err_set(err, MH_EINVAL, "%s: expected %s", name, expected);
}

int mh_member_unknown(const struct mh_member *member, struct mh_err *err)
{
    int shown = member->name_len < NAME_SHOWN ? (int)member->name_len : NAME_SHOWN;
    return mh_err_set(err, MH_EINVAL, "unknown member \"%.*s\"", shown, member->name);
}
