#include "base/dotenv.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

#define TEXT_BYTES (1024 * 1024)
#define NAMES      1000

struct reader {
    const char *file;
    size_t line; /* from 1 */
    struct mh_buf name;
    struct mh_buf value;
    struct mh_err *err;
};

static int wrong(const struct reader *reader, const char *what)
{
    return mh_err_set(reader->err, MH_EINVAL, "unable to read %s:%zu: %s", reader->file,
                      reader->line, what);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_name(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

static const char *skip_spaces(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

/* Past `export` and the spaces behind it, where the line begins so. */
static const char *skip_export(const char *at, const char *end)
{
    static const char word[] = "export";
    size_t len = sizeof(word) - 1;
    if ((size_t)(end - at) <= len || memcmp(at, word, len) != 0 || !is_space(at[len])) return at;
    return skip_spaces(at + len, end);
}

/* Each of the three returns where the value ends, or NULL where it does not end on this line. */
static const char *read_single(struct reader *reader, const char *at, const char *end)
{
    const char *quote = memchr(at, '\'', (size_t)(end - at));
    if (!quote) return NULL;
    mh_buf_append(&reader->value, at, (size_t)(quote - at));
    return quote + 1;
}

static const char *read_double(struct reader *reader, const char *at, const char *end)
{
    static const char escapes[] = "n\nr\rt\t\"\"\\\\$$"; /* pairs: what follows \, meaning */
    for (; at < end && *at != '"'; at++) {
        const char *pair = escapes;
        while (*at == '\\' && at + 1 < end && *pair && *pair != at[1])
            pair += 2;
        if (*at == '\\' && at + 1 < end && *pair) {
            mh_buf_char(&reader->value, pair[1]);
            at++;
        } else {
            mh_buf_char(&reader->value, *at);
        }
    }
    return at < end ? at + 1 : NULL;
}

static const char *read_bare(struct reader *reader, const char *at, const char *end)
{
    const char *stop = at;
    /* The character before the first is = or a space, so `A= # words` is empty and `A=#1` is not.
     */
    while (stop < end && !(*stop == '#' && is_space(stop[-1])))
        stop++;
    const char *last = stop;
    while (last > at && is_space(last[-1]))
        last--;
    mh_buf_append(&reader->value, at, (size_t)(last - at));
    return stop;
}

static int read_value(struct reader *reader, const char *at, const char *end)
{
    const char *after;
    if (at < end && *at == '\'') {
        after = read_single(reader, at + 1, end);
    } else if (at < end && *at == '"') {
        after = read_double(reader, at + 1, end);
    } else {
        after = read_bare(reader, at, end);
    }
    if (!after) return wrong(reader, "the value's quote is not closed on its line");
    after = skip_spaces(after, end);
    if (after < end && *after != '#') return wrong(reader, "text follows the closing quote");
    return 0;
}

/* Returns 1 with a pair in `reader`, 0 for a line without one. */
static int read_line(struct reader *reader, const char *at, const char *end)
{
    at = skip_spaces(at, end);
    if (at == end || *at == '#') return 0;
    if (memchr(at, '\0', (size_t)(end - at))) return wrong(reader, "it has a NUL byte");
    at = skip_export(at, end);
    const char *name = at;
    while (at < end && is_name(*at))
        at++;
    mh_buf_append(&reader->name, name, (size_t)(at - name));
    at = skip_spaces(at, end);
    if (reader->name.len == 0 || at == end || *at != '=')
        return wrong(reader, "expected NAME=value");
    int r = read_value(reader, skip_spaces(at + 1, end), end);
    if (r < 0) return r;
    if (mh_buf_failed(&reader->name) || mh_buf_failed(&reader->value))
        return mh_err_set(reader->err, MH_ENOMEM, "unable to read %s: out of memory", reader->file);
    return 1;
}

static int read_lines(struct reader *reader, const char *text, size_t len, mh_dotenv_fn *fn,
                      void *arg)
{
    const char *end = text + len;
    int names = 0;
    for (const char *at = text, *newline; at < end; at = newline + 1) {
        newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline) newline = end;
        reader->line++;
        mh_buf_reset(&reader->name);
        mh_buf_reset(&reader->value);
        int r = read_line(reader, at, newline);
        if (r > 0 && ++names > NAMES) return wrong(reader, "more than 1,000 names");
        if (r > 0) r = fn(arg, mh_buf_text(&reader->name), mh_buf_text(&reader->value));
        if (r < 0) return r;
        if (newline == end) break;
    }
    return 0;
}

int mh_dotenv_parse(const char *file, const char *text, size_t len, mh_dotenv_fn *fn, void *arg,
                    struct mh_err *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 with it */
    struct reader reader = {.file = file, .err = err};
    if (len > TEXT_BYTES)
        return mh_err_set(err, MH_ELIMIT, "unable to read %s: it is larger than 1 MiB", file);
    if (len >= sizeof(mark) - 1 && memcmp(text, mark, sizeof(mark) - 1) == 0) {
        text += sizeof(mark) - 1;
        len -= sizeof(mark) - 1;
    }
    mh_buf_init(&reader.name, TEXT_BYTES);
    mh_buf_init(&reader.value, TEXT_BYTES);
    int r = read_lines(&reader, text, len, fn, arg);
    mh_buf_release(&reader.name);
    mh_buf_release(&reader.value);
    return r;
}
