#include "worker/words.h"

#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Copies one word from *at to `out`, moves *at behind it. Returns its length, or -1 where a quote
 * stays open. */
static long take_word(const char **at, char *out)
{
    const char *p = *at;
    char quote = 0;
    long len = 0;
    for (; *p != '\0' && (quote != 0 || !is_blank(*p)); p++) {
        bool escapes = *p == '\\' && p[1] != '\0' &&
                       (quote == 0 || (quote == '"' && (p[1] == '"' || p[1] == '\\')));
        if (escapes)
            out[len++] = *++p;
        else if (quote == 0 && (*p == '\'' || *p == '"'))
            quote = *p;
        else if (*p == quote)
            quote = 0;
        else
            out[len++] = *p;
    }
    *at = p;
    return quote != 0 ? -1 : len;
}

int mh_words_split(struct mh_arena *arena, const char *text, const char *const **ret_words,
                   struct mh_err *err)
{
    const char **words = mh_arena_array(arena, MH_WORDS_MAX + 1, sizeof *words);
    char *out = mh_arena_alloc(arena, strlen(text) * 2 + 1); /* a NUL for each word at most */
    if (words == NULL || out == NULL) return mh_err_set(err, MH_ENOMEM, "out of memory");

    size_t count = 0;
    const char *at = text;
    for (;;) {
        while (is_blank(*at))
            at++;
        if (*at == '\0') break;
        if (count == MH_WORDS_MAX)
            return mh_err_set(err, MH_ELIMIT, "more than %d words", MH_WORDS_MAX);
        long len = take_word(&at, out);
        if (len < 0) return mh_err_set(err, MH_EINVAL, "a quote is not closed");
        out[len] = '\0';
        words[count++] = out;
        out += len + 1;
    }
    if (count == 0) return mh_err_set(err, MH_EINVAL, "no program is named");
    *ret_words = words;
    return 0;
}
