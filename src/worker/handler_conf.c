#include "worker/handler_conf.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "queue/backoff.h"
#include "store/job.h"

#define FILE_MAX ((size_t)1 << 20)

/* inih cuts longer lines without a word. */
#define LINE_MAX_BYTES 199

/* Without concurrency= HTTP is bounded by the slots of the worker alone. */
#define CONCURRENCY_MAX 1000

#define YEAR_MS (INT64_C(365) * 86400000)

enum key_kind { KEY_TEXT, KEY_NUMBER, KEY_DURATION, KEY_MODE, KEY_URL, KEY_VARIABLE };

enum { ONESHOT = 1, PERSISTENT = 2, HTTP = 4, CHILDREN = ONESHOT | PERSISTENT, ALL = 7 };

/* Beside each other: the bit of a mode and its name. */
static const char *const modes[] = {"oneshot", "persistent", "http"};

struct key {
    const char *name;
    enum key_kind kind;
    int modes; /* that it is for */
    size_t offset;
    int64_t min, max;
};

#define FIELD(name) offsetof(struct mh_handler_conf, name)

/* A key of millhand.conf is a row here and a field of struct mh_handler_conf. */
static const struct key keys[] = {
    {"allow_private", KEY_NUMBER, HTTP, FIELD(allow_private), 0, 1},
    {"backoff_base", KEY_DURATION, ALL, FIELD(backoff_base_ms), 1, YEAR_MS},
    {"backoff_cap", KEY_DURATION, ALL, FIELD(backoff_cap_ms), 1, YEAR_MS},
    {"command", KEY_TEXT, CHILDREN, FIELD(command), 0, 0},
    {"concurrency", KEY_NUMBER, PERSISTENT | HTTP, FIELD(concurrency), 1, CONCURRENCY_MAX},
    {"env", KEY_TEXT, CHILDREN, FIELD(env), 0, 0},
    {"max_attempts", KEY_NUMBER, ALL, FIELD(max_attempts), 1, MH_ATTEMPTS_MAX},
    {"mode", KEY_MODE, ALL, FIELD(mode), 0, 0},
    {"processes", KEY_NUMBER, PERSISTENT, FIELD(processes), 1, 1000},
    {"recycle_after", KEY_NUMBER, PERSISTENT, FIELD(recycle_after), 0, 1000000000},
    {"secret_env", KEY_VARIABLE, HTTP, FIELD(secret_env), 0, 0},
    {"timeout", KEY_DURATION, ALL, FIELD(timeout_ms), 1, YEAR_MS},
    {"url", KEY_URL, HTTP, FIELD(url), 0, 0},
};

/* The line on which a section gives each key, 0: it does not. */
struct given {
    int lines[MH_LEN(keys)];
};

struct parse {
    struct mh_arena *arena;
    const char *at; /* what is not read yet */
    int line;       /* the last one read */
    struct mh_handler_confs confs;
    struct given *given; /* beside confs.all */
    struct mh_err why;
    int why_line;
};

struct mh_handler_conf mh_handler_conf_default(const char *type)
{
    return (struct mh_handler_conf){
        .type = type,
        .mode = modes[0],
        .concurrency = 1,
        .timeout_ms = MH_HANDLER_TIMEOUT_MS,
        .backoff_base_ms = MH_BACKOFF_BASE_MS,
        .backoff_cap_ms = MH_BACKOFF_CAP_MS,
    };
}

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < MH_LEN(keys); i++)
        if (strcmp(keys[i].name, name) == 0) return &keys[i];
    return NULL;
}

static int set_number(int64_t *field, const struct key *key, const char *value, struct mh_err *err)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < key->min || number > key->max)
        return mh_err_set(err, MH_EINVAL, "%s expects a whole number from %lld to %lld", key->name,
                          (long long)key->min, (long long)key->max);
    *field = number;
    return 0;
}

static int set_duration(int64_t *field, const struct key *key, const char *value,
                        struct mh_err *err)
{
    int64_t ms;
    if (mh_duration_parse(value, &ms, NULL) < 0 || ms < key->min || ms > key->max)
        return mh_err_set(err, MH_EINVAL, "%s expects a time such as 30s, 5m or 1h, at least 1ms",
                          key->name);
    *field = ms;
    return 0;
}

static int set_mode(const char **field, const char *value, struct mh_err *err)
{
    for (size_t i = 0; i < MH_LEN(modes); i++)
        if (strcmp(modes[i], value) == 0) {
            *field = modes[i];
            return 0;
        }
    return mh_err_set(err, MH_EINVAL, "mode expects oneshot, persistent or http");
}

/* libcurl judges the rest. */
static bool is_url(const char *value)
{
    const char *host = strstr(value, "://");
    size_t scheme = host != NULL ? (size_t)(host - value) : 0;
    bool is_http = (scheme == 4 && strncmp(value, "http", 4) == 0) ||
                   (scheme == 5 && strncmp(value, "https", 5) == 0);
    if (!is_http || strchr("/?#:@", host[3]) != NULL) return false; /* also where it ends there */
    for (; *value != '\0'; value++)
        if (*value <= ' ' || *value > '~') return false;
    return true;
}

static bool is_variable(const char *value)
{
    size_t len = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    return len > 0 && value[len] == '\0' && strchr("0123456789", value[0]) == NULL;
}

/* The value is not in the errors: a URL may hold a password. */
static int set_text(struct parse *parse, const char **field, const struct key *key,
                    const char *value)
{
    if (key->kind == KEY_URL && !is_url(value))
        return mh_err_set(&parse->why, MH_EINVAL, "url expects http:// or https:// and a host");
    if (key->kind == KEY_VARIABLE && !is_variable(value))
        return mh_err_set(&parse->why, MH_EINVAL, "%s expects the name of a variable", key->name);
    if (*value == '\0') return mh_err_set(&parse->why, MH_EINVAL, "%s expects a value", key->name);
    const char *copy = mh_arena_str(parse->arena, value);
    if (copy == NULL) return mh_err_set(&parse->why, MH_ENOMEM, "out of memory");
    *field = copy;
    return 0;
}

static int set_key(struct parse *parse, struct mh_handler_conf *conf, const struct key *key,
                   const char *value)
{
    void *field = (char *)conf + key->offset;
    if (key->kind == KEY_NUMBER) return set_number(field, key, value, &parse->why);
    if (key->kind == KEY_DURATION) return set_duration(field, key, value, &parse->why);
    if (key->kind == KEY_MODE) return set_mode(field, value, &parse->why);
    return set_text(parse, field, key, value);
}

static int add_conf(struct parse *parse, const char *type, size_t *ret_index)
{
    struct mh_handler_confs *confs = &parse->confs;
    for (size_t i = 0; i < confs->count; i++)
        if (strcmp(confs->all[i].type, type) == 0) {
            *ret_index = i;
            return 0;
        }
    if (confs->count == MH_TYPES_MAX)
        return mh_err_set(&parse->why, MH_ELIMIT, "more than %d types", MH_TYPES_MAX);
    const char *copy = mh_arena_str(parse->arena, type);
    if (copy == NULL) return mh_err_set(&parse->why, MH_ENOMEM, "out of memory");
    confs->all[confs->count] = mh_handler_conf_default(copy);
    *ret_index = confs->count++;
    return 0;
}

static int unknown_key(struct parse *parse, const char *name)
{
    char known[256];
    size_t len = 0;
    for (size_t i = 0; i < MH_LEN(keys); i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", /* has room for all */
                                i == 0                 ? ""
                                : i < MH_LEN(keys) - 1 ? ", "
                                                       : " or ",
                                keys[i].name);
    return mh_err_set(&parse->why, MH_EINVAL, "unknown key %.40s; expected %s", name, known);
}

static int on_pair(struct parse *parse, const char *section, const char *name, const char *value)
{
    static const char prefix[] = "handler.";
    size_t index = 0;
    if (strncmp(section, prefix, sizeof prefix - 1) != 0 ||
        !mh_type_valid(section + sizeof prefix - 1))
        return mh_err_set(&parse->why, MH_EINVAL, "section [%.100s]: expected [handler.TYPE]",
                          section);
    const struct key *key = find_key(name);
    if (key == NULL) return unknown_key(parse, name);
    int r = add_conf(parse, section + sizeof prefix - 1, &index);
    if (r < 0) return r;
    int *line = &parse->given[index].lines[key - keys];
    if (*line != 0) return mh_err_set(&parse->why, MH_EINVAL, "%s is given twice", key->name);
    *line = parse->line;
    return set_key(parse, &parse->confs.all[index], key, value);
}

/* inih wants 1 for good, and goes on after an error: the first one is told. */
static int on_ini_pair(void *arg, const char *section, const char *name, const char *value)
{
    struct parse *parse = arg;
    if (parse->why.code != 0) return 0;
    parse->why_line = parse->line;
    return on_pair(parse, section, name, value != NULL ? value : "") == 0;
}

/* As fgets, and counts the lines. */
static char *read_line(char *into, int size, void *arg)
{
    struct parse *parse = arg;
    size_t len = strcspn(parse->at, "\n");
    if (*parse->at == '\0') return NULL;
    if (parse->at[len] == '\n') len++;
    if (len > (size_t)size - 1) len = (size_t)size - 1; /* check_lines has refused it before */
    memcpy(into, parse->at, len);
    into[len] = '\0';
    parse->at += len;
    parse->line++;
    return into;
}

/* --- keys that go together ---- */

static int mode_of(const struct mh_handler_conf *conf)
{
    int bit = 1;
    for (size_t i = 0; strcmp(modes[i], conf->mode) != 0; i++)
        bit *= 2;
    return bit;
}

static int wrong_mode(struct parse *parse, const struct key *key, const char *mode)
{
    char fits[64];
    size_t len = 0;
    for (size_t i = 0; i < MH_LEN(modes); i++)
        if ((key->modes & 1 << i) != 0)
            len += (size_t)snprintf(fits + len, sizeof fits - len, "%smode=%s", /* has room */
                                    len > 0 ? " or " : "", modes[i]);
    return mh_err_set(&parse->why, MH_EINVAL, "%s is for %s, and this section has mode=%s",
                      key->name, fits, mode);
}

static int check_section(struct parse *parse, struct mh_handler_conf *conf,
                         const struct given *given)
{
    int mode = mode_of(conf);
    for (size_t i = 0; i < MH_LEN(keys); i++) {
        parse->why_line = given->lines[i];
        if (given->lines[i] != 0 && (keys[i].modes & mode) == 0)
            return wrong_mode(parse, &keys[i], conf->mode);
    }
    if (mode != HTTP) return 0;
    parse->why_line = given->lines[find_key("mode") - keys];
    if (conf->url == NULL) return mh_err_set(&parse->why, MH_EINVAL, "mode=http needs url=");
    if (given->lines[find_key("concurrency") - keys] == 0) conf->concurrency = CONCURRENCY_MAX;
    return 0;
}

static void check_sections(struct parse *parse)
{
    for (size_t i = 0; i < parse->confs.count; i++)
        if (check_section(parse, &parse->confs.all[i], &parse->given[i]) < 0) return;
}

/* What inih would misread in silence: long lines, and indented ones, which it takes for
 * continuations. */
static int check_lines(const char *path, const char *text, struct mh_err *err)
{
    int number = 1;
    for (const char *line = text; *line != '\0'; number++) {
        size_t len = strcspn(line, "\n");
        if (len > LINE_MAX_BYTES)
            return mh_err_set(err, MH_EINVAL, "unable to read %s:%d: a line has at most %d bytes",
                              path, number, LINE_MAX_BYTES);
        size_t blanks = strspn(line, " \t");
        if (blanks > 0 && blanks < len && strchr("\r;#", line[blanks]) == NULL)
            return mh_err_set(err, MH_EINVAL,
                              "unable to read %s:%d: expected a line without indentation", path,
                              number);
        line += len + (line[len] == '\n');
    }
    return 0;
}

int mh_handler_conf_parse(const char *path, const char *text, struct mh_arena *arena,
                          struct mh_handler_confs *ret_confs, struct mh_err *err)
{
    struct parse parse = {.arena = arena, .at = text};
    int r = check_lines(path, text, err);
    if (r < 0) return r;
    parse.confs.all = mh_arena_array(arena, MH_TYPES_MAX, sizeof *parse.confs.all);
    parse.given = mh_arena_array(arena, MH_TYPES_MAX, sizeof *parse.given);
    if (parse.confs.all == NULL || parse.given == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to read %s: out of memory", path);

    int line = ini_parse_stream(read_line, &parse, on_ini_pair, &parse);
    if (line < 0) return mh_err_set(err, MH_ENOMEM, "unable to read %s: out of memory", path);
    if (line > 0 && (parse.why.code == 0 || line < parse.why_line))
        return mh_err_set(err, MH_EINVAL,
                          "unable to read %s:%d: expected [handler.TYPE] or "
                          "KEY=VALUE",
                          path, line);
    if (line == 0) check_sections(&parse);
    if (parse.why.code != 0)
        return mh_err_set(err, parse.why.code, "unable to read %s:%d: %s", path, parse.why_line,
                          parse.why.text);
    *ret_confs = parse.confs;
    return 0;
}

int mh_handler_conf_load(const char *path, bool required, struct mh_arena *arena,
                         struct mh_handler_confs *ret_confs, struct mh_err *err)
{
    struct mh_buf text;
    struct mh_err why = {0};
    mh_buf_init(&text, FILE_MAX);
    int r = mh_file_read(path, &text, &why);
    if (r == MH_ENOENT && required) {
        r = mh_err_set(err, MH_EINVAL, "%s", why.text); /* it was asked for by name */
    } else if (r == MH_ENOENT) {
        *ret_confs = (struct mh_handler_confs){0};
        r = 0;
    } else if (r < 0) {
        if (err != NULL) *err = why;
    } else if (strlen(mh_buf_text(&text)) != text.len) {
        r = mh_err_set(err, MH_EINVAL, "unable to read %s: it holds a NUL byte", path);
    } else {
        r = mh_handler_conf_parse(path, mh_buf_text(&text), arena, ret_confs, err);
    }
    mh_buf_release(&text);
    return r;
}
