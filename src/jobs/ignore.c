#include "jobs/ignore.h"

#include <ctype.h>
#include <string.h>

struct span {
    const char *at;
    size_t len;
};

struct pattern {
    struct span *parts; /* what stands between slashes */
    size_t count;
    bool negated;
    bool folders_only;
    bool anchored; /* to the folder of its file; else it is for the last name of a path */
};

struct mh_ignore {
    const struct mh_ignore *above;
    size_t folder_len;
    struct pattern *patterns;
    size_t count;
};

/* --- one name against one part */

/* 1: yes, 0: no, negative: there is no such class. */
static int in_class(struct span class, unsigned char c)
{
    static const struct {
        const char *name;
        int (*test)(int);
    } classes[] = {
        {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
        {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
        {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
    };
    for (size_t i = 0; i < MH_LEN(classes); i++)
        if (strlen(classes[i].name) == class.len &&
            memcmp(classes[i].name, class.at, class.len) == 0)
            return c < 0x80 && classes[i].test(c) != 0;
    return -1;
}

/* The "name" of "[:name:]" at `at`, if that is what stands there. */
static bool read_class(struct span part, size_t at, struct span *ret_class)
{
    if (at + 1 >= part.len || part.at[at] != '[' || part.at[at + 1] != ':') return false;
    for (size_t end = at + 2; end + 1 < part.len; end++) {
        if (part.at[end] == ']') return false;
        if (part.at[end] != ':' || part.at[end + 1] != ']') continue;
        *ret_class = (struct span){part.at + at + 2, end - at - 2};
        return true;
    }
    return false;
}

/* One character of a bracket, which may be escaped; past its end: 0. */
static unsigned char read_member(struct span part, size_t *at)
{
    if (*at < part.len && part.at[*at] == '\\') (*at)++;
    return *at < part.len ? (unsigned char)part.at[(*at)++] : 0;
}

/* A bracket without an end or with a class that is none: nothing matches the pattern. */
static bool broken(struct span part, size_t *at)
{
    *at = part.len + 1;
    return false;
}

/* Whether `c` is in the bracket that begins at `*at`, which moves behind it. */
static bool bracket_matches(struct span part, size_t *at, unsigned char c)
{
    size_t i = *at + 1;
    bool negated = i < part.len && (part.at[i] == '!' || part.at[i] == '^');
    bool matched = false;
    i += negated;
    for (size_t first = i; i < part.len && (part.at[i] != ']' || i == first);) {
        struct span class;
        if (read_class(part, i, &class)) {
            int in = in_class(class, c);
            if (in < 0) return broken(part, at);
            matched = matched || in > 0;
            i += class.len + 4;
            continue;
        }
        unsigned char low = read_member(part, &i), high = low;
        if (i + 1 < part.len && part.at[i] == '-' && part.at[i + 1] != ']') {
            i++;
            high = read_member(part, &i);
        }
        matched = matched || (low <= c && c <= high);
    }
    if (i >= part.len) return broken(part, at);
    *at = i + 1;
    return matched != negated;
}

/* Whether what stands in the pattern at `*at`, which is no star, matches `c`; moves behind it. */
static bool one_matches(struct span part, size_t *at, char c)
{
    if (part.at[*at] == '[') return bracket_matches(part, at, (unsigned char)c);
    bool any = part.at[*at] == '?';
    if (part.at[*at] == '\\') (*at)++;
    if (*at >= part.len) return false;
    return part.at[(*at)++] == c || any;
}

/* Stars are greedy from the left: when what follows fails, the last star takes one more. That is
 * enough, as an earlier star that took more would leave less for the same rest. */
static bool name_matches(struct span part, struct span name, int64_t *budget)
{
    size_t p = 0, n = 0, star = SIZE_MAX, star_n = 0;
    while (n < name.len) {
        if (--*budget < 0) return false;
        if (p < part.len && part.at[p] == '*') {
            star = ++p;
            star_n = n;
            continue;
        }
        if (p < part.len && one_matches(part, &p, name.at[n])) {
            n++;
            continue;
        }
        if (star == SIZE_MAX) return false;
        p = star;
        n = ++star_n;
    }
    while (p < part.len && part.at[p] == '*')
        p++;
    return p == part.len;
}

/* --- a path against a pattern */

static struct span next_name(const char *path)
{
    return (struct span){path, strcspn(path, "/")};
}

static const char *skip_name(const char *path, struct span name)
{
    path += name.len;
    return *path == '/' ? path + 1 : path;
}

static bool is_any(struct span part)
{
    return part.len == 2 && memcmp(part.at, "**", 2) == 0;
}

/* As name_matches does with characters, with whole names: "**" is the star, and as the last part it
 * takes at least one. */
static bool path_matches(const struct pattern *pattern, const char *path, int64_t *budget)
{
    size_t p = 0, star = SIZE_MAX;
    const char *star_path = NULL;
    while (*path != '\0') {
        if (--*budget < 0) return false;
        if (p < pattern->count && is_any(pattern->parts[p])) {
            if (++p == pattern->count) return true;
            star = p;
            star_path = path;
            continue;
        }
        struct span name = next_name(path);
        if (p < pattern->count && name_matches(pattern->parts[p], name, budget)) {
            path = skip_name(path, name);
            p++;
            continue;
        }
        if (star == SIZE_MAX) return false;
        p = star;
        star_path = skip_name(star_path, next_name(star_path));
        path = star_path;
    }
    return p == pattern->count;
}

static bool pattern_matches(const struct mh_ignore *set, const struct pattern *pattern,
                            const char *path, enum mh_path_kind kind, int64_t *budget)
{
    if (pattern->folders_only && kind != MH_PATH_FOLDER) return false;
    if (pattern->anchored) return path_matches(pattern, path + set->folder_len, budget);
    const char *slash = strrchr(path, '/');
    return name_matches(pattern->parts[0], next_name(slash != NULL ? slash + 1 : path), budget);
}

bool mh_ignore_matches(const struct mh_ignore *set, const char *path, enum mh_path_kind kind,
                       int64_t *budget)
{
    for (; set != NULL; set = set->above) {
        for (size_t i = set->count; i-- > 0;) {
            if (--*budget < 0) return false;
            if (pattern_matches(set, &set->patterns[i], path, kind, budget))
                return !set->patterns[i].negated;
        }
    }
    return false;
}

/* --- reading */

/* Without the blanks at its end that no backslash protects. */
static size_t trimmed(struct span line)
{
    size_t keep = 0;
    for (size_t i = 0; i < line.len; i++) {
        if (line.at[i] == '\\' && i + 1 < line.len)
            i++;
        else if (line.at[i] == ' ')
            continue;
        keep = i + 1;
    }
    return keep;
}

/* Where the bracket at `at` ends; `at` itself where it has no end. */
static size_t bracket_end(struct span line, size_t at)
{
    size_t i = at + 1;
    struct span class;
    if (i < line.len && (line.at[i] == '!' || line.at[i] == '^')) i++;
    for (size_t first = i; i < line.len && (line.at[i] != ']' || i == first);) {
        if (read_class(line, i, &class))
            i += class.len + 4;
        else
            i += line.at[i] == '\\' ? 2 : 1;
    }
    return i < line.len ? i : at;
}

/* Splits at slashes that are not inside a bracket; `parts` NULL: only counts. */
static size_t split(struct span line, struct span *parts)
{
    size_t count = 0, start = 0;
    for (size_t i = 0; i <= line.len; i++) {
        size_t end = i;
        if (i < line.len && line.at[i] == '[') i = bracket_end(line, i);
        if (i + 1 < line.len && line.at[i] == '\\') end = i++;
        if (i < line.len && line.at[i] != '/') continue;
        if (parts != NULL) parts[count] = (struct span){line.at + start, end - start};
        count++;
        start = i + 1;
    }
    return count;
}

/* 1: a pattern, 0: the line is none, or MH_ENOMEM. */
static int parse_line(struct mh_arena *arena, struct span line, struct pattern *ret_pattern)
{
    struct pattern pattern = {0};
    if (line.len > 0 && line.at[0] == '#') return 0;
    if (line.len > 0 && line.at[line.len - 1] == '\r') line.len--;
    line.len = trimmed(line);
    if (line.len > 0 && line.at[0] == '!') {
        pattern.negated = true;
        line = (struct span){line.at + 1, line.len - 1};
    }
    if (line.len > 0 && line.at[line.len - 1] == '/') {
        pattern.folders_only = true;
        line.len--;
    }
    if (memchr(line.at, '/', line.len) != NULL) pattern.anchored = true;
    if (line.len > 0 && line.at[0] == '/') line = (struct span){line.at + 1, line.len - 1};
    if (line.len == 0) return 0;
    pattern.count = pattern.anchored ? split(line, NULL) : 1;
    pattern.parts = mh_arena_array(arena, pattern.count, sizeof *pattern.parts);
    if (pattern.parts == NULL) return MH_ENOMEM;
    pattern.parts[0] = line;
    if (pattern.anchored) (void)split(line, pattern.parts);
    *ret_pattern = pattern;
    return 1;
}

static size_t count_lines(const char *text, size_t len)
{
    size_t count = 1;
    for (size_t i = 0; i < len; i++)
        count += text[i] == '\n';
    return count < MH_IGNORE_PATTERNS ? count : MH_IGNORE_PATTERNS;
}

int mh_ignore_parse(struct mh_arena *arena, const struct mh_ignore *above, size_t folder_len,
                    const char *text, size_t len, const struct mh_ignore **ret_set,
                    struct mh_err *err)
{
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    size_t most = count_lines(text, len);
    struct mh_ignore *set = mh_arena_alloc(arena, sizeof *set);
    struct pattern *patterns = mh_arena_array(arena, most, sizeof *patterns);
    if (set == NULL || patterns == NULL) goto no_memory;
    *set = (struct mh_ignore){above, folder_len, patterns, 0};
    for (size_t line = 0; line < most && len > 0; line++) {
        const char *newline = memchr(text, '\n', len);
        size_t line_len = newline != NULL ? (size_t)(newline - text) : len;
        int r = parse_line(arena, (struct span){text, line_len}, &patterns[set->count]);
        if (r < 0) goto no_memory;
        set->count += (size_t)r;
        len -= newline != NULL ? line_len + 1 : line_len;
        text += newline != NULL ? line_len + 1 : line_len;
    }
    *ret_set = set;
    return 0;

no_memory:
    return mh_err_set(err, MH_ENOMEM, "unable to read a .gitignore: out of memory");
}
