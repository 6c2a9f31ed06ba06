/* "Did you mean …": the name that is nearest to a misspelt one. */
#ifndef MH_SUGGEST_H
#define MH_SUGGEST_H

#include <stddef.h>

struct mh_suggest {
    const char *wrong;
    const char *best; /* NULL: nothing is near enough */
    size_t distance;
};

struct mh_suggest mh_suggest_begin(const char *wrong);

/* Compares with one more name, borrowed. */
void mh_suggest_try(struct mh_suggest *suggest, const char *name);

/* Writes " (did you mean \"NAME\"?)", with `before` before the name, or nothing. */
void mh_suggest_text(const struct mh_suggest *suggest, const char *before, char *ret_text,
                     size_t size);

#endif
