#include "jobs/imports.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "jobs/count.h"

#define GROUPS_MAX 8 /* braces within braces of a Rust path */

struct found {
    struct mh_arena *arena;
    struct mh_import *imports;
    size_t count;
    bool failed;
};

/* A place in the text, which ends with a NUL. */
struct scan {
    const char *at;
    int line;
    struct found *found;
};

typedef void scan_fn(struct scan *scan);

/* "<before><text>" */
static void add_at(struct scan *scan, int line, const char *before, const char *text, size_t len)
{
    struct found *found = scan->found;
    size_t before_len = strlen(before);
    if (len == 0 || before_len + len > MH_IMPORT_MAX || found->count == MH_IMPORTS_MAX) return;
    char *target = mh_arena_alloc(found->arena, before_len + len + 1);
    found->failed = found->failed || target == NULL;
    if (target == NULL) return;
    memcpy(target, before, before_len);
    memcpy(target + before_len, text, len);
    found->imports[found->count++] = (struct mh_import){target, line};
}

static void add_with(struct scan *scan, const char *before, const char *text, size_t len)
{
    add_at(scan, scan->line, before, text, len);
}

static void add(struct scan *scan, const char *text, size_t len)
{
    add_with(scan, "", text, len);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80) != 0;
}

static void skip_blanks(struct scan *scan)
{
    scan->at += strspn(scan->at, " \t\r\f\v");
}

/* As skip_blanks, and newlines too. */
static void skip_space(struct scan *scan)
{
    for (; *scan->at != '\0' && isspace((unsigned char)*scan->at); scan->at++)
        scan->line += *scan->at == '\n';
}

static void skip_line(struct scan *scan)
{
    scan->at += strcspn(scan->at, "\n");
    if (*scan->at == '\n') {
        scan->at++;
        scan->line++;
    }
}

/* Moves behind the word, if it is that which stands here. */
static bool take(struct scan *scan, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(scan->at, word, len) != 0 || (is_word(word[len - 1]) && is_word(scan->at[len])))
        return false;
    scan->at += len;
    skip_blanks(scan);
    return true;
}

/* Of a string that begins here and ends in this line: its inside, and moves behind it. */
static size_t take_string(struct scan *scan, const char **ret_text)
{
    const char end[] = {*scan->at, '\n', '\\', '\0'};
    const char *text = scan->at + 1;
    size_t len = strcspn(text, end);
    if (text[len] != end[0]) return 0;
    scan->at = text + len + 1;
    *ret_text = text;
    return len;
}

static bool at_quote(const struct scan *scan)
{
    return *scan->at == '"' || *scan->at == '\'' || *scan->at == '`';
}

/* --- languages: each looks at a statement that begins here, and moves on as far as it likes */

static void scan_c(struct scan *scan)
{
    const char *text = NULL;
    if (!take(scan, "#")) return;
    if (!take(scan, "include") && !take(scan, "import") && !take(scan, "include_next")) return;
    if (*scan->at == '<')
        add(scan, scan->at, strcspn(scan->at, ">\n") + 1);
    else if (*scan->at == '"') {
        size_t len = take_string(scan, &text);
        add(scan, text, len);
    }
}

/* An alias, then a path. */
static void scan_go_path(struct scan *scan)
{
    const char *text = NULL;
    while (is_word(*scan->at) || *scan->at == '.')
        scan->at++;
    skip_blanks(scan);
    if (!at_quote(scan)) return;
    size_t len = take_string(scan, &text);
    add(scan, text, len);
}

static void scan_go(struct scan *scan)
{
    if (!take(scan, "import")) return;
    if (*scan->at != '(') {
        scan_go_path(scan);
        return;
    }
    scan->at++;
    for (skip_space(scan); *scan->at != ')' && *scan->at != '\0'; skip_space(scan)) {
        const char *before = scan->at;
        scan_go_path(scan);
        if (scan->at == before) scan->at++;
    }
}

static size_t name_length(const struct scan *scan)
{
    size_t len = 0;
    while (is_word(scan->at[len]) || scan->at[len] == '.')
        len++;
    return len;
}

/* Blanks, and newlines that do not end a statement. */
static void skip_python(struct scan *scan, bool in_parentheses)
{
    for (;;) {
        skip_blanks(scan);
        bool joined = scan->at[0] == '\\' && (scan->at[1] == '\n' || scan->at[1] == '\r');
        if (joined) scan->at++;
        if (!joined && !(in_parentheses && *scan->at == '\n')) return;
        skip_line(scan);
    }
}

/* "a as b, c": each name behind `before`, of which "from x import *" has nothing but itself. */
static void scan_python_names(struct scan *scan, const char *before, bool in_parentheses)
{
    for (;;) {
        skip_python(scan, in_parentheses);
        size_t len = name_length(scan);
        if (len == 0) break;
        add_with(scan, before, scan->at, len);
        scan->at += len;
        skip_python(scan, in_parentheses);
        if (take(scan, "as")) scan->at += name_length(scan);
        skip_python(scan, in_parentheses);
        if (*scan->at != ',') break;
        scan->at++;
    }
    if (*scan->at == '*') add(scan, before, strlen(before) - 1);
}

/* "from x import y" is "x:y", as y may be a module in x or a name of it. */
static void scan_python(struct scan *scan)
{
    char before[MH_IMPORT_MAX + 2];
    if (take(scan, "import")) {
        scan_python_names(scan, "", false);
        return;
    }
    if (!take(scan, "from")) return;
    size_t len = name_length(scan);
    if (len == 0 || len > MH_IMPORT_MAX) return;
    memcpy(before, scan->at, len);
    memcpy(before + len, ":", 2);
    scan->at += len;
    skip_python(scan, false);
    if (!take(scan, "import")) return;
    bool in_parentheses = *scan->at == '(';
    if (in_parentheses) scan->at++;
    scan_python_names(scan, before, in_parentheses);
}

/* The word that ends before `at`. */
static size_t word_before(const char *start, const char *at, const char **ret_word)
{
    while (at > start && isspace((unsigned char)at[-1]))
        at--;
    const char *end = at;
    while (at > start && is_word(at[-1]))
        at--;
    *ret_word = at;
    return (size_t)(end - at);
}

static bool is(const char *word, size_t len, const char *expected)
{
    return strlen(expected) == len && memcmp(word, expected, len) == 0;
}

/* What stands before the string decides: from, import, require( or import(. */
static bool imports_script(const char *start, const char *quote)
{
    const char *word, *at = quote;
    while (at > start && isspace((unsigned char)at[-1]))
        at--;
    bool called = at > start && at[-1] == '(';
    size_t len = word_before(start, called ? at - 1 : at, &word);
    if (len == 0 || (word > start && word[-1] == '.')) return false;
    return is(word, len, "import") || is(word, len, called ? "require" : "from");
}

/* Of the whole text: such statements may stand anywhere and go over lines. */
static void scan_script(struct scan *scan)
{
    const char *start = scan->at;
    for (; *scan->at != '\0'; scan->at++) {
        scan->line += *scan->at == '\n';
        if (!at_quote(scan)) continue;
        const char *quote = scan->at, *text = NULL;
        size_t len = take_string(scan, &text);
        if (len > 0 && imports_script(start, quote)) add(scan, text, len);
        if (scan->at > quote) scan->at--;
    }
}

static void scan_java(struct scan *scan)
{
    if (!take(scan, "import")) return;
    (void)take(scan, "static"); /* or not */
    size_t len = name_length(scan);
    while (len > 0 && scan->at[len - 1] == '.') /* of .* and .{a, b} */
        len--;
    add(scan, scan->at, len);
}

/* "a::{b, c::{d}}" is a::b and a::c::d. */
static void scan_rust_use(struct scan *scan)
{
    char path[MH_IMPORT_MAX + 1];
    size_t len = 0, starts[GROUPS_MAX + 1] = {0}, depth = 0;
    for (;; scan->at++) {
        int line = scan->line; /* in which the path ends, if it does */
        skip_space(scan);
        char c = *scan->at;
        if (is_word(c) || c == ':' || c == '*') {
            if (isspace((unsigned char)scan->at[-1]) && take(scan, "as"))
                scan->at = scan->at + name_length(scan) - 1; /* a byte at least was taken */
            else if (len < MH_IMPORT_MAX)
                path[len++] = c;
        } else if (c == '{' && depth < GROUPS_MAX) {
            starts[++depth] = len;
        } else {
            size_t end = len;
            while (end > 0 && (path[end - 1] == ':' || path[end - 1] == '*'))
                end--;
            if (len > starts[depth]) add_at(scan, line, "", path, end);
            if (c == '}' && depth > 0) depth--;
            len = starts[depth];
            if (c == '}') starts[depth] = len;
            if (c != ',' && c != '}') return;
        }
    }
}

static void scan_rust(struct scan *scan)
{
    if (take(scan, "pub") && *scan->at == '(') {
        scan->at += strcspn(scan->at, ")\n");
        if (*scan->at == ')') scan->at++;
        skip_blanks(scan);
    }
    if (take(scan, "use")) {
        scan_rust_use(scan);
    } else if (take(scan, "mod")) {
        size_t len = name_length(scan);
        if (scan->at[len] == ';') add_with(scan, "mod ", scan->at, len);
    }
}

static void scan_ruby(struct scan *scan)
{
    const char *text = NULL;
    bool relative = take(scan, "require_relative");
    if (!relative && !take(scan, "require") && !take(scan, "load")) return;
    if (*scan->at == '(') scan->at++;
    if (!at_quote(scan)) return;
    size_t len = take_string(scan, &text);
    add_with(scan, relative ? "./" : "", text, len);
}

/* "$(dirname "$0")/lib.sh" is ./lib.sh: what a script works out is mostly where it stands. */
static void scan_shell(struct scan *scan)
{
    if (!take(scan, "source") && !(scan->at[0] == '.' && scan->at[1] == ' ' && take(scan, ".")))
        return;
    size_t len = strcspn(scan->at, "\n;&|");
    const char *text = scan->at, *end = text + len;
    bool worked_out = false;
    for (const char *at = text; at < end; at++)
        if (*at == '$' || *at == ')' || *at == '}') {
            worked_out = true;
            text = at + 1;
        }
    if (worked_out) {
        text = memchr(text, '/', (size_t)(end - text));
        if (text == NULL) return;
        text++;
    }
    while (text < end && (*text == '"' || *text == '\''))
        text++;
    add_with(scan, worked_out ? "./" : "", text, strcspn(text, " \t\r\n\"';&|)"));
}

static scan_fn *const scanners[] = {
    [MH_IMPORT_C] = scan_c,           [MH_IMPORT_GO] = scan_go,
    [MH_IMPORT_PYTHON] = scan_python, [MH_IMPORT_JAVA] = scan_java,
    [MH_IMPORT_RUST] = scan_rust,     [MH_IMPORT_RUBY] = scan_ruby,
    [MH_IMPORT_SHELL] = scan_shell,   [MH_IMPORT_SCRIPT] = scan_script,
};

int mh_imports_find(const struct mh_language *language, struct mh_arena *arena, const char *text,
                    size_t len, const struct mh_import **ret_imports, size_t *ret_count)
{
    *ret_imports = NULL;
    *ret_count = 0;
    if (language == NULL || language->imports == MH_IMPORT_NONE) return 0;
    struct found found = {.arena = arena};
    char *code = mh_arena_alloc(arena, len + 1);
    found.imports = mh_arena_array(arena, MH_IMPORTS_MAX, sizeof *found.imports);
    if (code == NULL || found.imports == NULL) return MH_ENOMEM;
    mh_count_code(language->syntax, text, len, code);
    for (size_t i = 0; i < len; i++)
        if (code[i] == '\0') code[i] = ' ';
    struct scan scan = {.at = code, .line = 1, .found = &found};
    while (*scan.at != '\0') {
        skip_blanks(&scan);
        scanners[language->imports](&scan);
        skip_line(&scan);
    }
    *ret_imports = found.imports;
    *ret_count = found.count;
    return found.failed ? MH_ENOMEM : 0;
}
