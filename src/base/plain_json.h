/* A quick look at JSON that needs no library: says yes to what nearly all of it is, and leaves the
 * rest to the strict check of json.h, which also words what is wrong.
 *
 * Plain are objects of few members, shallow, of short numbers, of strings without \u escapes, and
 * of keys without any. Whatever is plain is accepted by that check; what is not may be too.
 * Allocates nothing. */
#ifndef MH_PLAIN_JSON_H
#define MH_PLAIN_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* An object that is plain. */
bool mh_plain_json_object(const char *text, size_t len);

#endif
