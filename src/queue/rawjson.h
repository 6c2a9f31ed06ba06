/* The members of a JSON object, or the items of an array, where they stand in its text, so that a
 * value can be kept as the bytes it came with.
 *
 * The text must have passed mh_json_check, and be of the kind that is asked for: here nothing is
 * checked again, only found. Nothing is allocated; members point into the text. Thread-safe.
 *
 *     struct mh_rawjson scan = mh_rawjson_begin(text, len);
 *     while (mh_rawjson_next(&scan, &member))
 *         if (mh_rawjson_is(&member, "payload")) …
 */
#ifndef MH_RAWJSON_H
#define MH_RAWJSON_H

#include <stdbool.h>
#include <stddef.h>

struct mh_rawjson {
    const char *at;
    const char *end;
};

struct mh_member {
    const char *name; /* as it is written, escapes and all, without the quotes */
    size_t name_len;
    const char *value; /* without the blanks around it */
    size_t value_len;
};

struct mh_rawjson mh_rawjson_begin(const char *text, size_t len);

/* False when there are no more members. */
bool mh_rawjson_next(struct mh_rawjson *scan, struct mh_member *ret_member);

/* The same for the items of an array. False when there are no more. */
bool mh_rawjson_next_item(struct mh_rawjson *scan, const char **ret_value, size_t *ret_len);

/* True when the member has this name (ASCII), however it is escaped. */
bool mh_rawjson_is(const struct mh_member *member, const char *name);

#endif
