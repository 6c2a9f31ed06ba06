#include "base/plain_json.h"

#include <string.h>

#include "base/utf8.h"

#define DEPTH_MAX   8
#define MEMBERS_MAX 16 /* of one object: each key is compared with those before it */
#define DIGITS_MAX  17 /* in a row: no double is out of their range */

struct look {
    const char *at, *end;
    int depth;
};

struct key {
    const char *text;
    size_t len;
};

static void skip_space(struct look *look)
{
    while (look->at < look->end &&
           (*look->at == ' ' || *look->at == '\n' || *look->at == '\t' || *look->at == '\r'))
        look->at++;
}

static bool skip(struct look *look, char byte)
{
    if (look->at == look->end || *look->at != byte) return false;
    look->at++;
    return true;
}

/* Past a backslash. */
static bool escape(struct look *look)
{
    if (look->at == look->end || *look->at == '\0') return false;
    return strchr("\"\\/bfnrt", *look->at++) != NULL;
}

static bool stands_for_itself(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* What a backslash begins, or a character of several bytes. */
static bool other(struct look *look)
{
    size_t length = mh_utf8_character(look->at, (size_t)(look->end - look->at));
    if (length > 1) look->at += length;
    return length > 1 || (skip(look, '\\') && escape(look));
}

/* The opening quote has been read. */
static bool string(struct look *look)
{
    for (;;) {
        while (look->at < look->end && stands_for_itself(*look->at))
            look->at++;
        if (look->at == look->end) return false;
        if (*look->at == '"') return skip(look, '"');
        if (!other(look)) return false;
    }
}

static bool digits(struct look *look)
{
    const char *first = look->at;
    while (look->at < look->end && *look->at >= '0' && *look->at <= '9')
        look->at++;
    return look->at > first && look->at - first <= DIGITS_MAX;
}

static bool number(struct look *look)
{
    (void)skip(look, '-'); /* or none */
    if (!skip(look, '0') && !digits(look)) return false;
    return !skip(look, '.') || digits(look);
}

static bool word(struct look *look, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(look->end - look->at) < len || memcmp(look->at, text, len) != 0) return false;
    look->at += len;
    return true;
}

static bool value(struct look *look);

static bool is_new(const struct key *keys, size_t count)
{
    const struct key *last = &keys[count];
    for (size_t i = 0; i < count; i++)
        if (keys[i].len == last->len && memcmp(keys[i].text, last->text, last->len) == 0)
            return false;
    return true;
}

static bool key(struct look *look, struct key *ret_key)
{
    skip_space(look);
    if (!skip(look, '"')) return false;
    const char *first = look->at;
    if (!string(look)) return false;
    *ret_key = (struct key){first, (size_t)(look->at - first) - 1};
    return memchr(first, '\\', ret_key->len) == NULL;
}

static bool member(struct look *look, struct key *keys, size_t count)
{
    if (count == MEMBERS_MAX || !key(look, &keys[count]) || !is_new(keys, count)) return false;
    skip_space(look);
    return skip(look, ':') && value(look);
}

/* Past the opening bracket, as the next. */
static bool object(struct look *look)
{
    struct key keys[MEMBERS_MAX];
    size_t count = 0;
    skip_space(look);
    if (skip(look, '}')) return true;
    do {
        if (!member(look, keys, count++)) return false;
        skip_space(look);
    } while (skip(look, ','));
    return skip(look, '}');
}

static bool array(struct look *look)
{
    skip_space(look);
    if (skip(look, ']')) return true;
    do {
        if (!value(look)) return false;
        skip_space(look);
    } while (skip(look, ','));
    return skip(look, ']');
}

static bool value(struct look *look)
{
    skip_space(look);
    if (skip(look, '"')) return string(look);
    bool is_object = skip(look, '{');
    if (is_object || skip(look, '[')) {
        if (++look->depth > DEPTH_MAX) return false;
        bool plain = is_object ? object(look) : array(look);
        look->depth--;
        return plain;
    }
    return word(look, "true") || word(look, "false") || word(look, "null") || number(look);
}

bool mh_plain_json_object(const char *text, size_t len)
{
    if (len == 0) return false;
    struct look look = {.at = text, .end = text + len};
    skip_space(&look);
    if (look.at == look.end || *look.at != '{' || !value(&look)) return false;
    skip_space(&look);
    return look.at == look.end;
}
