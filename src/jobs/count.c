#include "jobs/count.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"

/* What the text is inside of at some place. */
enum inside { CODE, LINE_COMMENT, BLOCK_COMMENT, STRING, LONG_STRING, DOCSTRING };

struct scan {
    const struct mh_syntax *syntax;
    const char *text;
    size_t len;
    size_t at;
    enum inside inside;
    size_t block;     /* which of the syntax's, in a block comment */
    int depth;        /* of block comments */
    char quote;       /* that ends the string */
    bool has_code;    /* of the line so far */
    bool has_comment; /* of the line so far */
    struct mh_count count;
};

static const struct mh_syntax none = {0};

static bool starts(const struct scan *scan, const char *word)
{
    size_t len = word != NULL ? strlen(word) : 0;
    return len > 0 && len <= scan->len - scan->at && memcmp(scan->text + scan->at, word, len) == 0;
}

/* As `starts`; a word that begins with a newline stands at the beginning of a line. Its length, 0:
 * it is not there. */
static size_t stands(const struct scan *scan, const char *word)
{
    if (word == NULL || word[0] != '\n') return starts(scan, word) ? strlen(word) : 0;
    bool at_start = scan->at == 0 || scan->text[scan->at - 1] == '\n';
    return at_start && starts(scan, word + 1) ? strlen(word + 1) : 0;
}

static void end_line(struct scan *scan)
{
    scan->count.lines++;
    if (scan->has_code)
        scan->count.code++;
    else if (scan->has_comment)
        scan->count.comments++;
    else
        scan->count.blanks++;
    scan->has_code = scan->has_comment = false;
    if (scan->inside == LINE_COMMENT || scan->inside == STRING) scan->inside = CODE;
}

static bool begins_line_comment(const struct scan *scan)
{
    if (scan->syntax->line_start && scan->has_code) return false;
    for (size_t i = 0; i < MH_LEN(scan->syntax->line); i++)
        if (starts(scan, scan->syntax->line[i])) return true;
    return false;
}

static size_t begin_block(struct scan *scan)
{
    for (size_t i = 0; i < MH_LEN(scan->syntax->block); i++) {
        size_t len = stands(scan, scan->syntax->block[i][0]);
        /* "\n=" of Perl is followed by a word. */
        bool is_word =
            len != 1 || scan->text[scan->at] != '=' ||
            (scan->at + 1 < scan->len && isalpha((unsigned char)scan->text[scan->at + 1]) != 0);
        if (len == 0 || !is_word) continue;
        scan->inside = BLOCK_COMMENT;
        scan->block = i;
        scan->depth = 1;
        scan->has_comment = true;
        return len;
    }
    return 0;
}

static size_t begin_string(struct scan *scan)
{
    const struct mh_syntax *syntax = scan->syntax;
    char c = scan->text[scan->at];
    if (syntax->docstrings && (starts(scan, "\"\"\"") || starts(scan, "'''"))) {
        scan->inside = DOCSTRING;
        scan->has_comment = true;
        scan->quote = c;
        return 3;
    }
    if (syntax->quotes != NULL && strchr(syntax->quotes, c) != NULL)
        scan->inside = STRING;
    else if (syntax->long_quotes != NULL && strchr(syntax->long_quotes, c) != NULL)
        scan->inside = LONG_STRING;
    else
        return 0;
    scan->quote = c;
    scan->has_code = true;
    return 1;
}

/* How far to go on. */
static size_t step_code(struct scan *scan)
{
    size_t len = begin_block(scan);
    if (len > 0) return len;
    if (begins_line_comment(scan)) {
        scan->inside = LINE_COMMENT;
        scan->has_comment = true;
        return 1;
    }
    len = begin_string(scan);
    if (len > 0) return len;
    scan->has_code = true;
    return 1;
}

static size_t step_block(struct scan *scan)
{
    const char *const *block = scan->syntax->block[scan->block];
    size_t len = stands(scan, block[1]);
    scan->has_comment = true;
    if (len > 0) {
        if (--scan->depth == 0) scan->inside = block[0][0] == '\n' ? LINE_COMMENT : CODE;
        return len;
    }
    len = scan->syntax->nested ? stands(scan, block[0]) : 0;
    if (len == 0) return 1;
    scan->depth++;
    return len;
}

static size_t step_string(struct scan *scan)
{
    char c = scan->text[scan->at];
    scan->has_code = true;
    if (c == '\\' && scan->at + 1 < scan->len && scan->text[scan->at + 1] != '\n') return 2;
    if (c == scan->quote) scan->inside = CODE;
    return 1;
}

/* In three quotes: as cloc has it a comment, also where it is the value of something. */
static size_t step_docstring(struct scan *scan)
{
    const char end[] = {scan->quote, scan->quote, scan->quote, '\0'};
    scan->has_comment = true;
    if (scan->text[scan->at] == '\\' && scan->at + 1 < scan->len &&
        scan->text[scan->at + 1] != '\n')
        return 2;
    if (!starts(scan, end)) return 1;
    scan->inside = CODE;
    return 3;
}

static size_t step(struct scan *scan)
{
    switch (scan->inside) {
    case CODE:
        return step_code(scan);
    case LINE_COMMENT:
        return 1;
    case BLOCK_COMMENT:
        return step_block(scan);
    case STRING:
    case LONG_STRING:
        return step_string(scan);
    case DOCSTRING:
        break;
    }
    return step_docstring(scan);
}

static struct scan begin(const struct mh_syntax *syntax, const char *text, size_t len)
{
    struct scan scan = {.syntax = syntax != NULL ? syntax : &none, .text = text, .len = len};
    if (starts(&scan, "#!")) { /* says what runs it */
        scan.inside = LINE_COMMENT;
        scan.has_code = true;
    }
    return scan;
}

/* To the next place; true while there is one. */
static bool advance(struct scan *scan)
{
    if (scan->at >= scan->len) return false;
    char c = scan->text[scan->at];
    if (c == '\n') end_line(scan);
    scan->at += isspace((unsigned char)c) ? 1 : step(scan);
    if (scan->at > scan->len) scan->at = scan->len;
    return true;
}

struct mh_count mh_count_lines(const struct mh_syntax *syntax, const char *text, size_t len)
{
    struct scan scan = begin(syntax, text, len);
    while (advance(&scan)) {
    }
    if (len > 0 && text[len - 1] != '\n') end_line(&scan);
    return scan.count;
}

void mh_count_code(const struct mh_syntax *syntax, const char *text, size_t len, char *ret_code)
{
    struct scan scan = begin(syntax, text, len);
    size_t from = 0;
    for (enum inside before = scan.inside; advance(&scan); from = scan.at, before = scan.inside) {
        bool in_code =
            (before == CODE || before == STRING) && (scan.inside == CODE || scan.inside == STRING);
        for (size_t i = from; i < scan.at; i++)
            ret_code[i] = in_code || text[i] == '\n' ? text[i] : ' ';
    }
}
