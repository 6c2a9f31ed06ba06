#include "cli/suggest.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to add, drop, change or swap with a neighbour to get from `a` to `b`. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t d[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= a_len; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= b_len; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        for (size_t j = 1; j <= b_len; j++) {
            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
                            d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a_len][b_len];
}

struct mh_suggest mh_suggest_begin(const char *wrong)
{
    /* A third of the letters may be wrong. */
    return (struct mh_suggest){.wrong = wrong, .distance = strlen(wrong) / 3 + 1};
}

void mh_suggest_try(struct mh_suggest *suggest, const char *name)
{
    size_t wrong_len = strlen(suggest->wrong), len = strlen(name);
    if (wrong_len > WORD_MAX || len > WORD_MAX) return;
    size_t found = distance(suggest->wrong, wrong_len, name, len);
    if (found >= suggest->distance || found >= len) return;
    suggest->best = name;
    suggest->distance = found;
}

void mh_suggest_text(const struct mh_suggest *suggest, const char *before, char *ret_text,
                     size_t size)
{
    ret_text[0] = '\0';
    if (suggest->best != NULL)
        (void)snprintf(ret_text, size, " (did you mean \"%s%s\"?)", before, suggest->best);
}
