#include "base/settings.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/dotenv.h"
#include "base/file.h"

#define ENV_FILE_BYTES (1024 * 1024)
#define SECRET_BYTES   (64 * 1024)

/* What one place (the environment, a file) says of one setting. */
struct given {
    const char *value; /* NULL: nothing */
    const char *file;  /* of NAME_FILE */
};

struct place {
    const char *name;
    struct given given[MH_SETTINGS_MAX]; /* by row of the table */
    const char *node_env;
    const char *supabase_url;
    struct mh_arena *arena; /* values are copied here; NULL: they stay where they are */
};

static bool is(const char *name, size_t name_len, const char *wanted)
{
    return strlen(wanted) == name_len && memcmp(name, wanted, name_len) == 0;
}

static bool is_file_of(const char *name, size_t name_len, const char *wanted)
{
    size_t len = strlen(wanted);
    return name_len > len && memcmp(name, wanted, len) == 0 &&
           is(name + len, name_len - len, "_FILE");
}

/* A later value replaces an earlier one; a set and empty one counts as unset. */
static void note(struct place *place, const char *name, size_t name_len, const char *value)
{
    size_t count;
    const struct mh_setting *table = mh_settings_table(&count);
    if (*value == '\0')
        value = NULL;
    else if (place->arena)
        value = mh_arena_str(place->arena, value);
    for (size_t i = 0; i < count; i++) {
        struct given *given = &place->given[i];
        if (is(name, name_len, table[i].name)) given->value = value;
        if (table[i].secret && is_file_of(name, name_len, table[i].name)) given->file = value;
    }
    if (is(name, name_len, "NODE_ENV")) place->node_env = value;
    if (is(name, name_len, "SUPABASE_URL")) place->supabase_url = value;
}

static int note_pair(void *arg, const char *name, const char *value)
{
    note(arg, name, strlen(name), value);
    return 0;
}

static void note_environment(struct place *place, char *const *environment)
{
    for (; *environment; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals) note(place, *environment, (size_t)(equals - *environment), equals + 1);
    }
}

static void note_file(struct mh_settings *settings, struct place *place, bool required)
{
    struct mh_buf text;
    struct mh_err problem;
    mh_buf_init(&text, ENV_FILE_BYTES);
    int r = mh_file_read(place->name, &text, &problem);
    if (r == 0)
        r = mh_dotenv_parse(place->name, mh_buf_text(&text), text.len, note_pair, place, &problem);
    else if (r == MH_ENOENT && !required)
        r = 0;
    if (r < 0) mh_settings_problem(settings, &problem);
    mh_buf_release(&text);
}

/* Cuts the newline at the end and checks that something remains. */
static int trim_secret(struct mh_buf *text, const char *file, struct mh_err *err)
{
    size_t len = text->len;
    if (len > 0 && text->data[len - 1] == '\n') len--;
    if (len > 0 && text->data[len - 1] == '\r') len--;
    if (len == 0) return mh_err_set(err, MH_EINVAL, "unable to read %s: it is empty", file);
    if (memchr(text->data, '\0', len))
        return mh_err_set(err, MH_EINVAL, "unable to read %s: it has a NUL byte", file);
    text->data[len] = '\0';
    text->len = len;
    return 0;
}

static void set_from_file(struct mh_settings *settings, const char *name, const char *file)
{
    char variable[64];
    struct mh_buf secret;
    struct mh_err problem;
    (void)snprintf(variable, sizeof(variable), "%s_FILE", name); /* names are short */
    const char *source = mh_arena_str(&settings->arena, variable);
    mh_buf_init(&secret, SECRET_BYTES);
    int r = mh_file_read(file, &secret, &problem);
    if (r == 0) r = trim_secret(&secret, file, &problem);
    if (r == 0 && !source) r = mh_err_set(&problem, MH_ENOMEM, "out of memory");
    if (r == 0) {
        mh_settings_set(settings, name, mh_buf_text(&secret), source);
    } else {
        (void)mh_err_prefix(&problem, r, "%s", variable);
        mh_settings_problem(settings, &problem);
    }
    mh_buf_release(&secret);
}

/* True when the place says something of the setting. */
static bool set_from_place(struct mh_settings *settings, const char *name,
                           const struct given *given, const char *place)
{
    struct mh_err problem;
    if (given->value && given->file) {
        (void)mh_err_set(&problem, MH_EINVAL, "%s: set together with %s_FILE: keep one of them",
                         name, name);
        mh_settings_problem(settings, &problem);
    } else if (given->value) {
        mh_settings_set(settings, name, given->value, place);
    } else if (given->file) {
        set_from_file(settings, name, given->file);
    }
    return given->value || given->file;
}

static void set_all(struct mh_settings *settings, const struct place *environment,
                    const struct place *file)
{
    size_t count;
    const struct mh_setting *table = mh_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        const char *name = table[i].name;
        if (!set_from_place(settings, name, &environment->given[i], environment->name))
            (void)set_from_place(settings, name, &file->given[i], file->name);
    }
    settings->supabase_url_seen = environment->supabase_url || file->supabase_url;
    const char *node_env = environment->node_env ? environment->node_env : file->node_env;
    /* Node programs know many values; only one of them asks for care. */
    if (node_env && mh_settings_is_default(settings, "MILLHAND_ENV"))
        mh_settings_set(settings, "MILLHAND_ENV",
                        strcasecmp(node_env, "production") == 0 ? "production" : "development",
                        "NODE_ENV");
}

void mh_settings_load(struct mh_settings *settings, char *const *environment, const char *env_file,
                      bool env_file_required)
{
    struct place from_environment = {.name = "environment"};
    struct place from_file = {.name = mh_arena_str(&settings->arena, env_file),
                              .arena = &settings->arena};
    if (from_file.name) {
        note_environment(&from_environment, environment);
        note_file(settings, &from_file, env_file_required);
        set_all(settings, &from_environment, &from_file);
    } else {
        mh_settings_problem(settings, &(struct mh_err){MH_ENOMEM, "settings: out of memory"});
    }
}
