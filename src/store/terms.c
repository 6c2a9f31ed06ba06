#include "store/terms.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Goes through the words of a text: the parts of each name, and behind them the whole of one that
 * has several. */
struct words {
    const char *at, *end;
    char word[MH_TERM_MAX]; /* made small */
    size_t len;
    char whole[MH_TERM_MAX]; /* of the name so far */
    size_t whole_len;
    int parts;
};

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || (c & 0x80) != 0;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* aB, 2B and the second of ABc. */
static bool splits(const char *at, const char *end)
{
    if (!is_upper(at[0])) return false;
    if (!is_upper(at[-1])) return true;
    return at + 1 < end && is_lower(at[1]);
}

static void take(struct words *words, char c)
{
    char small = is_upper(c) ? (char)(c - 'A' + 'a') : c;
    if (words->len < MH_TERM_MAX) words->word[words->len++] = small;
    if (words->whole_len < MH_TERM_MAX) words->whole[words->whole_len++] = small;
}

/* The name is over: its whole comes next, if there is more to it than one part. */
static bool take_whole(struct words *words)
{
    bool several = words->parts > 1;
    memcpy(words->word, words->whole, words->whole_len);
    words->len = words->whole_len;
    words->whole_len = 0;
    words->parts = 0;
    return several;
}

/* False: there is none left. */
static bool next(struct words *words)
{
    while (words->at < words->end && !is_letter(*words->at)) {
        if (*words->at != '_' && words->parts > 0 && take_whole(words)) return true;
        words->at++;
    }
    if (words->at == words->end) return words->parts > 0 && take_whole(words);
    words->len = 0;
    words->parts++;
    do
        take(words, *words->at++);
    while (words->at < words->end && is_letter(*words->at) && !splits(words->at, words->end));
    return true;
}

static struct words words_of(const char *text, size_t len)
{
    return (struct words){.at = text, .end = text + len};
}

/* --- the different words of a text */

struct set {
    uint32_t *slots; /* of the buffer: where a word begins, plus one; 0: free */
    size_t room;     /* a power of two */
    size_t count;
};

static size_t slot_of(const struct set *set, const struct mh_buf *words, const char *word,
                      size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)word[i]) * UINT64_C(0x100000001b3);
    size_t slot = (size_t)(hash ^ hash >> 32) & (set->room - 1);
    for (; set->slots[slot] != 0; slot = (slot + 1) & (set->room - 1)) {
        size_t at = set->slots[slot] - 1;
        if (at + len < words->len && memcmp(words->data + at, word, len) == 0 &&
            words->data[at + len] == ' ')
            break;
    }
    return slot;
}

static bool grow(struct set *set, const struct mh_buf *words)
{
    struct set larger = {.room = set->room == 0 ? 1024 : set->room * 2, .count = set->count};
    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (larger.slots == NULL) return false;
    for (size_t i = 0; i < set->room; i++) {
        if (set->slots[i] == 0) continue;
        const char *word = words->data + set->slots[i] - 1;
        larger.slots[slot_of(&larger, words, word, strcspn(word, " "))] = set->slots[i];
    }
    free(set->slots);
    *set = larger;
    return true;
}

void mh_terms_add(struct mh_buf *buf, int64_t number, const char *text, size_t len)
{
    struct set set = {0};
    struct words words = words_of(text, len);
    size_t end = buf->len + MH_TERMS_BYTES;
    while (buf->len < end && !mh_buf_failed(buf) && next(&words)) {
        if (set.count * 2 >= set.room && !grow(&set, buf)) {
            buf->failed = true;
            break;
        }
        size_t slot = slot_of(&set, buf, words.word, words.len);
        if (set.slots[slot] != 0) continue;
        mh_buf_printf(buf, "%" PRId64 "x", number);
        set.slots[slot] = (uint32_t)buf->len + 1;
        set.count++;
        mh_buf_append(buf, words.word, words.len);
        mh_buf_char(buf, ' ');
    }
    free(set.slots);
}

/* --- names as one word */

static size_t letters_of(const char *name, char ret_letters[MH_TERM_MAX])
{
    size_t len = 0;
    for (const char *at = name; *at != '\0' && len < MH_TERM_MAX; at++)
        if (is_letter(*at)) ret_letters[len++] = is_upper(*at) ? (char)(*at - 'A' + 'a') : *at;
    return len;
}

void mh_terms_add_name(struct mh_buf *words, int64_t number, const char *name)
{
    char letters[MH_TERM_MAX];
    size_t len = letters_of(name, letters);
    if (len == 0) return;
    mh_buf_printf(words, "%" PRId64 "y", number);
    mh_buf_append(words, letters, len);
    mh_buf_char(words, ' ');
}

/* --- asking */

static const char *made_small(struct mh_arena *arena, const char *query)
{
    while (isspace((unsigned char)*query))
        query++;
    size_t len = strlen(query);
    while (len > 0 && isspace((unsigned char)query[len - 1]))
        len--;
    char *whole = mh_arena_copy(arena, query, len);
    for (size_t i = 0; whole != NULL && i < len; i++)
        if (is_upper(whole[i])) whole[i] = (char)(whole[i] - 'A' + 'a');
    return whole;
}

int mh_terms_ask(struct mh_arena *arena, const char *query, struct mh_terms *ret_terms,
                 struct mh_err *err)
{
    struct mh_terms terms = {0};
    size_t len = strlen(query);
    if (len > MH_QUERY_MAX)
        return mh_err_set(err, MH_ELIMIT, "query: at most %d bytes", MH_QUERY_MAX);
    if (!mh_utf8_valid(query, len)) return mh_err_set(err, MH_EINVAL, "query: is not valid UTF-8");
    terms.whole = made_small(arena, query);
    if (terms.whole == NULL) goto no_memory;
    char letters[MH_TERM_MAX];
    size_t letter_count = letters_of(query, letters);
    terms.name = mh_arena_copy(arena, letters, letter_count);
    if (terms.name == NULL) goto no_memory;
    struct words words = words_of(query, len);
    while (next(&words)) {
        if (words.parts == 0) continue; /* the whole of a name whose parts are asked for */
        if (terms.count == MH_QUERY_TERMS)
            return mh_err_set(err, MH_ELIMIT, "query: at most %d words", MH_QUERY_TERMS);
        terms.items[terms.count] = mh_arena_copy(arena, words.word, words.len);
        if (terms.items[terms.count++] == NULL) goto no_memory;
    }
    if (terms.count == 0)
        return mh_err_set(err, MH_EINVAL, "query: there is no letter or digit in it");
    *ret_terms = terms;
    return 0;

no_memory:
    return mh_err_set(err, MH_ENOMEM, "unable to search: out of memory");
}

/* --- excerpts */

/* Which of the terms a line has, a bit for each. */
static unsigned terms_in(const struct mh_terms *terms, const char *line, size_t len)
{
    unsigned found = 0;
    struct words words = words_of(line, len);
    while (next(&words)) {
        for (size_t i = 0; i < terms->count; i++) {
            size_t term_len = strlen(terms->items[i]);
            if (term_len <= words.len && memcmp(terms->items[i], words.word, term_len) == 0)
                found |= 1u << i;
        }
    }
    return found;
}

static int bits(unsigned set)
{
    int count = 0;
    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

size_t mh_terms_excerpts(const struct mh_terms *terms, const char *text, size_t len, size_t max,
                         struct mh_excerpt *ret_excerpts)
{
    size_t count = 0;
    int line = 1, most = 0;
    unsigned all = (1u << terms->count) - 1;
    for (size_t at = 0; at < len && count < max; line++) {
        const char *newline = memchr(text + at, '\n', len - at);
        size_t line_len = newline != NULL ? (size_t)(newline - text) - at : len - at;
        struct mh_excerpt excerpt = {line, text + at, line_len};
        unsigned found = terms_in(terms, text + at, line_len);
        if (found == all) {
            if (most < bits(all)) count = 0; /* what stood for want of it */
            most = bits(all);
            ret_excerpts[count++] = excerpt;
        } else if (most < bits(found)) {
            most = bits(found);
            ret_excerpts[0] = excerpt;
            count = 0;
        }
        at += line_len + 1;
    }
    return count > 0 || most == 0 ? count : 1;
}
