#include "jobs/blueprint/excerpt.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"

#define HEAD_BYTES  (16 << 10) /* of a text; what it says of itself stands at its beginning */
#define FOUND_BYTES 2000       /* of a comment or paragraph, before it is shortened */

/* Of a paragraph that says what something is: the name, how far from it "is" may stand, and how
 * far from that "a". */
#define NAME_BYTES    40
#define IS_BYTES      100
#define ARTICLE_BYTES 30

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
        "copyright",    "license",
        "licence",      "spdx",
        "-*-",          "vim:",
        "eslint",       "all rights reserved",
        "coding:",      "prettier",
        "noqa",         "pylint",
        "shellcheck",   "go:build",
        "go:generate",  "+build",
        "use strict",   "clang-format",
        "@ts-",         "mypy:",
        "type: ignore", "frozen_string_literal",
        "istanbul",     "@flow",
        "(c) 20",
    };
    for (size_t i = 0; i < MH_LEN(words); i++)
        if (strcasestr(mh_buf_text(found), words[i]) != NULL) return true;
    const char *text = mh_buf_text(found);
    return strpbrk(text, " .!?") == NULL || found->len < 4; /* a word is a heading */
}

static bool begins_with_one(const struct line *line, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (starts(line, words[i])) return true;
    return false;
}

/* What may stand before the comment of a file. */
static bool may_come_first(const struct line *line)
{
    static const char *const words[] = {"#!", "#ifndef", "#define", "#pragma", "package ", "<?php"};
    return line->len == 0 || begins_with_one(line, words, MH_LEN(words));
}

/* So may these; but what stands right above a declaration behind them is said of that. */
static bool is_import(const struct line *line)
{
    static const char *const words[] = {"import ", "namespace ", "use ", "using "};
    return begins_with_one(line, words, MH_LEN(words));
}

static bool stands_alone(struct lines lines)
{
    struct line line;
    return !next_line(&lines, &line) || line.len == 0;
}

int mh_excerpt_comment(struct mh_arena *arena, const char *text, size_t len, const char **ret_text)
{
    struct lines lines = {text, text + (len < HEAD_BYTES ? len : HEAD_BYTES)};
    struct line line;
    struct mh_buf found;
    int r = 0;
    bool imports = false;
    const char *excerpt = NULL;
    mh_buf_init(&found, 2 * HEAD_BYTES);
    while (r == 0 && excerpt == NULL && next_line(&lines, &line)) {
        const struct mark *mark = line.indented ? NULL : mark_of(&line);
        if (mark == NULL && !may_come_first(&line) && !is_import(&line)) break;
        imports = imports || is_import(&line);
        if (mark == NULL) continue;
        mh_buf_reset(&found);
        if (mark->close != NULL)
            read_block(&lines, line, mark, &found);
        else
            read_lines(&lines, line, mark, &found);
        if (imports && !stands_alone(lines)) continue;
        if (!says_nothing(&found)) r = shorten(arena, &found, &excerpt);
    }
    mh_buf_release(&found);
    if (r == 0) *ret_text = excerpt;
    return r;
}

/* --- prose */

/* Lines that are no prose: titles, badges, markup, rules, tables, statements of MDX. */
static bool is_furniture(const struct line *line)
{
    static const char *const with[] = {
        "#", "<",  "[!", "![",  "[![", "---", "===", "```", "..",      "~~~",    "|",
        ":", "[[", "%",  "***", "@",   "{%",  "{{",  ">",   "import ", "export "};
    return line->len == 0 || begins_with_one(line, with, MH_LEN(with));
}

/* The first line of a list, which says what there is and not what it is. */
static bool is_item(const struct line *line)
{
    size_t digits = 0;
    while (digits < line->len && line->text[digits] >= '0' && line->text[digits] <= '9')
        digits++;
    if (digits > 0) return digits + 1 < line->len && strchr(".)", line->text[digits]) != NULL;
    return starts(line, "- ") || starts(line, "* ") || starts(line, "+ ");
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

/* What is between two lines of three dashes at the very beginning is told to programs. */
static void skip_front_matter(struct lines *lines)
{
    struct lines before = *lines;
    struct line line;
    if (!next_line(lines, &line) || line.len != 3 || !starts(&line, "---")) *lines = before;
    if (lines->at == before.at) return;
    while (next_line(lines, &line))
        if (line.len == 3 && starts(&line, "---")) return;
    *lines = before;
}

static void add_title(struct mh_buf *titles, const char *text, size_t len)
{
    if (titles->len >= FOUND_BYTES) return;
    mh_buf_append(titles, text, len);
    mh_buf_char(titles, ' ');
}

/* Passes over what a line of furniture begins: code, a comment, markup up to an empty line. */
static void skip_furniture(struct lines *lines, const struct line *first, struct mh_buf *titles)
{
    struct line line = *first;
    bool is_code = starts(first, "```"), is_comment = starts(first, "<!--");
    bool is_markup = !is_comment && starts(first, "<");
    add_title(titles, first->text, first->len);
    if (!is_code && !is_comment && !is_markup) return;
    if (is_comment && memmem(line.text, line.len, "-->", 3) != NULL) return;
    while (next_line(lines, &line)) {
        if (is_markup && line.len == 0) return;
        if (is_code && starts(&line, "```")) return;
        if (is_comment && memmem(line.text, line.len, "-->", 3) != NULL) return;
        if (is_markup) add_title(titles, line.text, line.len);
    }
}

/* The next paragraph of prose; what stands before it, of titles and markup, is added to `titles`.
 * False: there is none. */
static bool next_paragraph(struct lines *lines, struct mh_buf *titles, struct mh_buf *found)
{
    struct line line;
    bool listed = false;
    mh_buf_reset(found);
    while (next_line(lines, &line)) {
        if (is_underline(&line) && found->len > 0) { /* it was a title */
            add_title(titles, found->data, found->len);
            mh_buf_reset(found);
        }
        bool furniture = is_furniture(&line), had = found->len > 0;
        listed = line.len > 0 && (listed || (!had && is_item(&line)));
        bool passes = furniture || listed || (!had && (line.indented || !has_letters(&line)));
        if (furniture) skip_furniture(lines, &line, titles);
        if (passes && had) return true;
        if (!passes) add_prose(found, &line);
    }
    return found->len > 0;
}

/* Whether the word stands in the text, whatever its case. */
static bool has_word(const struct mh_buf *text, const char *word, size_t len)
{
    const char *start = mh_buf_text(text);
    for (size_t i = 0; i + len <= text->len; i++) {
        if (strncasecmp(start + i, word, len) != 0) continue;
        bool begins = i == 0 || !isalnum((unsigned char)start[i - 1]);
        if (begins && !isalnum((unsigned char)start[i + len])) return true;
    }
    return false;
}

/* "Gin is a web framework" below the title Gin: what it is, where news came before. */
static bool defines(const struct mh_buf *paragraph, const struct mh_buf *titles)
{
    static const char *const articles[] = {" a ", " an ", " the "};
    char near[ARTICLE_BYTES + 1];
    const char *text = paragraph->data, *is = strstr(text, " is ");
    size_t len = strcspn(text, " ,");
    if (is == NULL || is > text + IS_BYTES || (text[len] != ',' && is != text + len)) return false;
    if (len < 2 || len > NAME_BYTES || !has_word(titles, text, len)) return false;
    (void)snprintf(near, sizeof near, "%s", is + 3); /* cut is meant */
    for (size_t i = 0; i < MH_LEN(articles); i++)
        if (strstr(near, articles[i]) != NULL) return true;
    return false;
}

int mh_excerpt_prose(struct mh_arena *arena, const char *text, size_t len, const char **ret_text)
{
    struct lines lines = {text, text + (len < HEAD_BYTES ? len : HEAD_BYTES)};
    struct mh_buf titles, found;
    const char *excerpt = NULL;
    int r = 0;
    mh_buf_init(&titles, 4 * HEAD_BYTES);
    mh_buf_init(&found, 2 * HEAD_BYTES);
    skip_front_matter(&lines);
    while (r == 0 && next_paragraph(&lines, &titles, &found)) {
        bool is_it = !mh_buf_failed(&found) && defines(&found, &titles);
        if ((excerpt == NULL && !says_nothing(&found)) || is_it)
            r = shorten(arena, &found, &excerpt);
        if (is_it) break;
    }
    mh_buf_release(&titles);
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
