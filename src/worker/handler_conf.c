#include "worker/handler_conf.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "queue/backoff.h"
#include "store/job.h"

#define FILE_MAX ((size_t)1 << 20)

/* inih cuts longer lines without a word. */
#define LINE_MAX_BYTES 199

enum key_kind { KEY_TEXT, KEY_NUMBER, KEY_DURATION, KEY_MODE };

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;
    int64_t min, max;
};

#define FIELD(name) offsetof(struct mh_handler_conf, name)

/* A key of millhand.conf is a row here and a field of struct mh_handler_conf. */
static const struct key keys[] = {
    {"backoff_base", KEY_DURATION, FIELD(backoff_base_ms), 1, INT64_C(365) * 86400000},
    {"backoff_cap", KEY_DURATION, FIELD(backoff_cap_ms), 1, INT64_C(365) * 86400000},
    {"command", KEY_TEXT, FIELD(command), 0, 0},
    {"concurrency", KEY_NUMBER, FIELD(concurrency), 1, 1000},
    {"env", KEY_TEXT, FIELD(env), 0, 0},
    {"max_attempts", KEY_NUMBER, FIELD(max_attempts), 1, MH_ATTEMPTS_MAX},
    {"mode", KEY_MODE, FIELD(mode), 0, 0},
    {"processes", KEY_NUMBER, FIELD(processes), 1, 1000},
    {"recycle_after", KEY_NUMBER, FIELD(recycle_after), 0, 1000000000},
    {"timeout", KEY_DURATION, FIELD(timeout_ms), 1, INT64_C(365) * 86400000},
};

static const char *const modes[] = {"oneshot", "persistent"};

struct parse {
    struct mh_arena *arena;
    struct mh_handler_confs confs;
    uint32_t *given; /* beside confs.all: a bit for each key seen */
    struct mh_err why;
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
    return mh_err_set(err, MH_EINVAL, "mode expects oneshot or persistent");
}

static int set_key(struct parse *parse, struct mh_handler_conf *conf, const struct key *key,
                   const char *value)
{
    void *field = (char *)conf + key->offset;
    if (key->kind == KEY_NUMBER) return set_number(field, key, value, &parse->why);
    if (key->kind == KEY_DURATION) return set_duration(field, key, value, &parse->why);
    if (key->kind == KEY_MODE) return set_mode(field, value, &parse->why);
    if (*value == '\0') return mh_err_set(&parse->why, MH_EINVAL, "%s expects a value", key->name);
    const char *copy = mh_arena_str(parse->arena, value);
    if (copy == NULL) return mh_err_set(&parse->why, MH_ENOMEM, "out of memory");
    *(const char **)field = copy;
    return 0;
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

static int on_pair(struct parse *parse, const char *section, const char *name, const char *value)
{
    static const char prefix[] = "handler.";
    size_t index = 0;
    if (strncmp(section, prefix, sizeof prefix - 1) != 0 ||
        !mh_type_valid(section + sizeof prefix - 1))
        return mh_err_set(&parse->why, MH_EINVAL, "section [%.100s]: expected [handler.TYPE]",
                          section);
    const struct key *key = find_key(name);
    if (key == NULL)
        return mh_err_set(
            &parse->why, MH_EINVAL,
            "unknown key %.40s; expected backoff_base, backoff_cap, command, concurrency, env, "
            "max_attempts, mode, processes, recycle_after or timeout",
            name);
    int r = add_conf(parse, section + sizeof prefix - 1, &index);
    if (r < 0) return r;
    uint32_t bit = UINT32_C(1) << (key - keys);
    if ((parse->given[index] & bit) != 0)
        return mh_err_set(&parse->why, MH_EINVAL, "%s is given twice", key->name);
    parse->given[index] |= bit;
    return set_key(parse, &parse->confs.all[index], key, value);
}

static int on_ini_pair(void *arg, const char *section, const char *name, const char *value)
{
    return on_pair(arg, section, name, value != NULL ? value : "") == 0; /* inih: 1 is good */
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
    struct parse parse = {.arena = arena};
    int r = check_lines(path, text, err);
    if (r < 0) return r;
    parse.confs.all = mh_arena_array(arena, MH_TYPES_MAX, sizeof *parse.confs.all);
    parse.given = mh_arena_array(arena, MH_TYPES_MAX, sizeof *parse.given);
    if (parse.confs.all == NULL || parse.given == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to read %s: out of memory", path);

    int line = ini_parse_string(text, on_ini_pair, &parse);
    if (line < 0) return mh_err_set(err, MH_ENOMEM, "unable to read %s: out of memory", path);
    if (line > 0)
        return mh_err_set(err, MH_EINVAL, "unable to read %s:%d: %s", path, line,
                          parse.why.code != 0 ? parse.why.text
                                              : "expected [handler.TYPE] or KEY=VALUE");
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
