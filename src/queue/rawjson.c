#include "queue/rawjson.h"

#include <stdint.h>
#include <string.h>

/* Every loop below also ends at `end`: unchecked text gives wrong answers, never a wrong read. */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

/* From behind the opening quote to behind the closing one. */
static const char *skip_string(const char *at, const char *end)
{
    while (at < end && *at != '"')
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    return at < end ? at + 1 : end;
}

/* From an opening bracket to behind the one that closes it. */
static const char *skip_nested(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        char c = *at++;
        if (c == '"') at = skip_string(at, end);
        if (c == '{' || c == '[') depth++;
        if ((c == '}' || c == ']') && --depth == 0) break;
    }
    return at;
}

static const char *skip_value(const char *at, const char *end)
{
    if (at < end && *at == '"') return skip_string(at + 1, end);
    if (at < end && (*at == '{' || *at == '[')) return skip_nested(at, end);
    while (at < end && !is_blank(*at) && *at != ',' && *at != '}' && *at != ']')
        at++;
    return at;
}

struct mh_rawjson mh_rawjson_begin(const char *text, size_t len)
{
    const char *end = text + len;
    const char *at = skip_blanks(text, end);
    return (struct mh_rawjson){.at = at < end ? at + 1 : end, .end = end};
}

bool mh_rawjson_next(struct mh_rawjson *scan, struct mh_member *ret_member)
{
    const char *end = scan->end;
    const char *at = skip_blanks(scan->at, end);
    if (at < end && *at == ',') at = skip_blanks(at + 1, end);
    if (at == end || *at != '"') return false;

    const char *name = at + 1;
    at = skip_string(name, end);
    size_t name_len = (size_t)(at - name) - (at > name && at[-1] == '"');
    at = skip_blanks(at, end);
    if (at < end) at++; /* the colon */
    at = skip_blanks(at, end);
    const char *value = at;
    at = skip_value(at, end);
    *ret_member = (struct mh_member){name, name_len, value, (size_t)(at - value)};
    scan->at = at;
    return true;
}

bool mh_rawjson_next_item(struct mh_rawjson *scan, const char **ret_value, size_t *ret_len)
{
    const char *end = scan->end;
    const char *at = skip_blanks(scan->at, end);
    if (at < end && *at == ',') at = skip_blanks(at + 1, end);
    const char *value = at;
    at = skip_value(at, end);
    if (at == value) return false;
    *ret_value = value;
    *ret_len = (size_t)(at - value);
    scan->at = at;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 0;
}

/* Takes one character of a name from *at; -1 for any that is not ASCII. */
static int take_char(const char **at, const char *end)
{
    char c = *(*at)++;
    if (c != '\\' || *at == end) return (unsigned char)c < 0x80 ? c : -1;
    c = *(*at)++;
    if (c != 'u') {
        static const char escapes[] = "bfnrt", meant[] = "\b\f\n\r\t";
        const char *found = c != '\0' ? strchr(escapes, c) : NULL;
        return found != NULL ? meant[found - escapes] : c;
    }
    uint32_t code = 0;
    for (int i = 0; i < 4 && *at < end; i++)
        code = code * 16 + (uint32_t)hex_digit(*(*at)++);
    return code < 0x80 ? (int)code : -1;
}

bool mh_rawjson_is(const struct mh_member *member, const char *name)
{
    const char *at = member->name, *end = at + member->name_len;
    for (; *name != '\0'; name++)
        if (at == end || take_char(&at, end) != *name) return false;
    return at == end;
}
