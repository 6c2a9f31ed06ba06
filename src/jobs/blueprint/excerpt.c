#include "jobs/blueprint/excerpt.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"

#define HEAD_BYTES  (16 << 10) /* of a text; what it says of itself stands at its beginning */
#define FOUND_BYTES 2000       /* of a comment or paragraph, before it is shortened */

struct line {
    const char *text; /* without blanks at its ends */
    size_t len;
    bool indented;
};

struct lines {
    const char *at, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool next_line(struct lines *lines, struct line *ret_line)
{
    if (lines->at == lines->end) return false;
    const char *start = lines->at;
    const char *stop = memchr(start, '\n', (size_t)(lines->end - start));
    if (stop == NULL) stop = lines->end;
    lines->at = stop < lines->end ? stop + 1 : stop;
    bool indented = start < stop && is_blank(*start);
    while (start < stop && is_blank(*start))
        start++;
    while (start < stop && is_blank(stop[-1]))
        stop--;
    *ret_line = (struct line){start, (size_t)(stop - start), indented};
    return true;
}

static bool starts(const struct line *line, const char *with)
{
    size_t len = strlen(with);
    return line->len >= len && memcmp(line->text, with, len) == 0;
}

static void cut_front(struct line *line, const char *bytes)
{
    while (line->len > 0 && strchr(bytes, *line->text) != NULL)
        line->text++, line->len--;
}

static void cut_back(struct line *line, const char *bytes)
{
    while (line->len > 0 && strchr(bytes, line->text[line->len - 1]) != NULL)
        line->len--;
}

static bool has_letters(const struct line *line)
{
    size_t letters = 0;
    for (size_t i = 0; i < line->len; i++) {
        unsigned char c = (unsigned char)line->text[i];
        letters += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
    }
    return letters >= 3;
}

static void add_line(struct mh_buf *found, const struct line *line)
{
    if (found->len >= FOUND_BYTES) return;
    if (found->len > 0 && line->len > 0) mh_buf_char(found, ' ');
    mh_buf_append(found, line->text, line->len);
}

/* --- shortening */

static bool ends_sentence(const char *text, size_t at)
{
    return strchr(".!?", text[at]) != NULL && text[at] != '\0' &&
           (text[at + 1] == ' ' || text[at + 1] == '\0');
}

/* How much of the text is kept: whole sentences, else whole words. */
static size_t kept(const char *text, size_t len)
{
    size_t sentence = 0, word = 0;
    if (len <= MH_EXCERPT_MAX) return len;
    for (size_t i = 0; i < MH_EXCERPT_MAX - 3; i++) {
        if (ends_sentence(text, i)) sentence = i + 1;
        if (text[i] == ' ') word = i;
    }
    if (sentence >= 20) return sentence;
    return word > 0 ? word : mh_utf8_cut(text, len, MH_EXCERPT_MAX - 3);
}

static int shorten(struct mh_arena *arena, struct mh_buf *found, const char **ret_text)
{
    struct mh_buf one;
    mh_buf_init(&one, 2 * HEAD_BYTES);
    for (size_t i = 0; i < found->len; i++) {
        unsigned char c = (unsigned char)found->data[i];
        bool blank = c <= ' ' || c == 0x7f;
        if (!blank) mh_buf_char(&one, (char)c);
        if (blank && one.len > 0 && one.data[one.len - 1] != ' ') mh_buf_char(&one, ' ');
    }
    const char *text = mh_buf_text(&one);
    size_t len = kept(text, one.len);
    bool cut = len < one.len && !(len > 0 && ends_sentence(text, len - 1));
    bool failed = mh_buf_failed(found) || mh_buf_failed(&one);
    size_t clean_len;
    char *copy = failed || len == 0 ? NULL : mh_utf8_clean(arena, text, len, &clean_len);
    if (copy != NULL && cut) {
        char *longer = mh_arena_alloc(arena, clean_len + sizeof "…");
        if (longer != NULL) memcpy(mempcpy(longer, copy, clean_len), "…", sizeof "…");
        copy = longer;
    }
    int r = failed || (len > 0 && copy == NULL) ? MH_ENOMEM : 0;
    if (r == 0) *ret_text = copy;
    mh_buf_release(&one);
    return r;
}

/* --- comments */

struct mark {
    const char *open;
    const char *close; /* NULL: each line has the mark */
};

/* The longer of two that begin alike comes first. */
static const struct mark marks[] = {
    {"/*", "*/"}, {"\"\"\"", "\"\"\""}, {"'''", "'''"},     {"<!--", "-->"},
    {"{-", "-}"}, {"(*", "*)"},         {"=begin", "=end"}, {"//", NULL},
    {"--", NULL}, {";;", NULL},         {"%", NULL},        {"#", NULL},
    {"..", NULL}, {"dnl ", NULL},       {"REM ", NULL},     {"r\"\"\"", "\"\"\""},
};

/* What begins with # and is no comment. */
static bool is_directive(const struct line *line)
{
    static const char *const words[] = {"#include", "#define", "#if",     "#ifndef", "#pragma",
                                        "#import",  "#endif",  "#undef",  "#!",      "#else",
                                        "#error",   "#[",      "#region", "#elif",   "%{"};
    for (size_t i = 0; i < MH_LEN(words); i++)
        if (starts(line, words[i])) return true;
    return false;
}

static const struct mark *mark_of(const struct line *line)
{
    if (is_directive(line)) return NULL;
    for (size_t i = 0; i < MH_LEN(marks); i++)
        if (starts(line, marks[i].open)) return &marks[i];
    return NULL;
}

/* A paragraph is taken until an empty line of the comment; the rest of it is passed over. */
static void add_to_paragraph(struct mh_buf *found, struct line line, bool *over)
{
    cut_front(&line, "*/#!;%- \t|<");
    cut_back(&line, "*/#;%- \t|=");
    if (line.len == 0 || *line.text == '@' || *line.text == '\\') {
        *over |= found->len > 0;
        return;
    }
    if (!*over && has_letters(&line)) add_line(found, &line);
}

static void read_lines(struct lines *lines, struct line line, const struct mark *mark,
                       struct mh_buf *found)
{
    bool over = false;
    struct lines before;
    do {
        line.text += strlen(mark->open);
        line.len -= strlen(mark->open);
        add_to_paragraph(found, line, &over);
        before = *lines;
    } while (next_line(lines, &line) && mark_of(&line) == mark);
    *lines = before;
}

static void read_block(struct lines *lines, struct line line, const struct mark *mark,
                       struct mh_buf *found)
{
    bool over = false;
    size_t close = strlen(mark->close);
    line.text += strlen(mark->open);
    line.len -= strlen(mark->open);
    do {
        const char *end = memmem(line.text, line.len, mark->close, close);
        if (end == NULL) {
            add_to_paragraph(found, line, &over);
            continue;
        }
        line.len = (size_t)(end - line.text);
        if (line.len > 0) add_to_paragraph(found, line, &over);
        return;
    } while (next_line(lines, &line));
}

/* Licences, and what is said to editors, linters and generators. */
static bool says_nothing(const struct mh_buf *found)
{
    static const char *const words[] = {
        "copyright",
        "license",
        "licence",
        "spdx",
        "-*-",
        "vim:",
        "eslint",
        "all rights reserved",
        "coding:",
        "prettier",
        "noqa",
        "pylint",
        "shellcheck",
        "go:build",
        "+build",
        "use strict",
        "clang-format",
        "@ts-",
        "mypy:",
        "type: ignore",
        "frozen_string_literal",
        "istanbul",
        "@flow",
        "(c) 20",
    };
    for (size_t i = 0; i < MH_LEN(words); i++)
        if (strcasestr(mh_buf_text(found), words[i]) != NULL) return true;
    return found->len < 4;
}

/* What may stand before the comment of a file. */
static bool may_come_first(const struct line *line)
{
    static const char *const words[] = {"#!",      "#ifndef",    "#define", "#pragma", "package ",
                                        "import ", "namespace ", "<?php",   "use ",    "using "};
    for (size_t i = 0; i < MH_LEN(words); i++)
        if (starts(line, words[i])) return true;
    return line->len == 0;
}

int mh_excerpt_comment(struct mh_arena *arena, const char *text, size_t len, const char **ret_text)
{
    struct lines lines = {text, text + (len < HEAD_BYTES ? len : HEAD_BYTES)};
    struct line line;
    struct mh_buf found;
    int r = 0;
    const char *excerpt = NULL;
    mh_buf_init(&found, 2 * HEAD_BYTES);
    while (r == 0 && excerpt == NULL && next_line(&lines, &line)) {
        const struct mark *mark = line.indented ? NULL : mark_of(&line);
        if (mark == NULL && !may_come_first(&line)) break;
        if (mark == NULL) continue;
        mh_buf_reset(&found);
        if (mark->close != NULL)
            read_block(&lines, line, mark, &found);
        else
            read_lines(&lines, line, mark, &found);
        if (!says_nothing(&found)) r = shorten(arena, &found, &excerpt);
    }
    mh_buf_release(&found);
    if (r == 0) *ret_text = excerpt;
    return r;
}

/* --- prose */

/* Lines that are no prose: titles, badges, markup, lists of links, rules, tables. */
static bool is_furniture(const struct line *line)
{
    static const char *const with[] = {"#",   "<",  "[!",  "![", "[![", "---", "===", "***",
                                       "```", "..", "~~~", "|",  ":",   "[[",  "%",   "<!--"};
    for (size_t i = 0; i < MH_LEN(with); i++)
        if (starts(line, with[i])) return true;
    return line->len == 0;
}

static bool is_underline(const struct line *line)
{
    size_t len = 0;
    while (len < line->len && memchr("=-~^", line->text[len], 4) != NULL)
        len++;
    return len >= 3 && len == line->len;
}

/* Links become their words, and marks of emphasis go. */
static void add_prose(struct mh_buf *found, const struct line *line)
{
    if (found->len >= FOUND_BYTES) return;
    if (found->len > 0) mh_buf_char(found, ' ');
    for (size_t i = 0; i < line->len; i++) {
        char c = line->text[i];
        if (c == '*' || c == '`' || c == '[') continue;
        if (c != ']') {
            mh_buf_char(found, c);
            continue;
        }
        if (i + 1 == line->len || line->text[i + 1] != '(') continue;
        const char *close = memchr(line->text + i, ')', line->len - i);
        if (close != NULL) i = (size_t)(close - line->text);
    }
}

int mh_excerpt_prose(struct mh_arena *arena, const char *text, size_t len, const char **ret_text)
{
    struct lines lines = {text, text + (len < HEAD_BYTES ? len : HEAD_BYTES)};
    struct line line;
    struct mh_buf found;
    bool fenced = false;
    mh_buf_init(&found, 2 * HEAD_BYTES);
    while (next_line(&lines, &line)) {
        if (starts(&line, "```")) fenced = !fenced;
        if (is_underline(&line)) mh_buf_reset(&found); /* it was a title */
        bool furniture = fenced || is_furniture(&line) ||
                         (found.len == 0 && (line.indented || !has_letters(&line)));
        if (furniture && found.len > 0) break;
        if (!furniture) add_prose(&found, &line);
    }
    const char *excerpt = NULL;
    int r = shorten(arena, &found, &excerpt);
    mh_buf_release(&found);
    if (r == 0) *ret_text = excerpt;
    return r;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

bool mh_excerpt_is_prose(const char *path)
{
    static const char *const endings[] = {".md", ".markdown", ".rst", ".txt", ".adoc", ".mdx"};
    const char *dot = strrchr(name_of(path), '.');
    for (size_t i = 0; dot != NULL && i < MH_LEN(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return mh_excerpt_is_readme(path) && dot == NULL;
}

bool mh_excerpt_is_readme(const char *path)
{
    const char *name = name_of(path);
    return strncasecmp(name, "readme", 6) == 0 && (name[6] == '.' || name[6] == '\0');
}
