#include "worker/registry.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/webhook.h"
#include "store/job.h"
#include "worker/child_env.h"
#include "worker/secret.h"
#include "worker/words.h"

#define ARENA_MAX ((size_t)16 << 20)

/* An executable of the folder. */
struct program {
    const char *type; /* the file's name, then once more without its extension */
    const char *path;
};

struct scan {
    struct program *programs;
    size_t count;
};

struct build {
    const struct mh_registry_options *options;
    struct mh_registry registry;
    struct mh_handler_confs confs;
    struct scan exact; /* by whole file name */
    struct scan stem;  /* by name without extension */
};

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to read the handlers: out of memory");
}

/* --- the folder ---- */

static void warn(const char *path, const char *why)
{
    mh_log(MH_LOG_WARN, why, MH_FIELDS(mh_f_str("file", path)));
}

/* True for a file that can serve as a handler; says why not where a person may have meant it to. */
static bool usable(const char *path, const char *name)
{
    struct stat status;
    if (name[0] == '.' || stat(path, &status) < 0 || !S_ISREG(status.st_mode)) return false;
    if (access(path, X_OK) < 0) {
        warn(path, "handler ignored: it has no run bit, try chmod +x");
        return false;
    }
    if (!mh_type_valid(name)) {
        warn(path, "handler ignored: its name is not a job type");
        return false;
    }
    return true;
}

static int add_program(struct build *build, const char *path, const char *name, struct mh_err *err)
{
    struct mh_arena *arena = &build->registry.arena;
    const char *dot = strrchr(name, '.');
    const char *own_path = mh_arena_str(arena, path);
    const char *type = mh_arena_str(arena, name);
    if (own_path == NULL || type == NULL) return no_memory(err);
    if (build->exact.count == MH_TYPES_MAX)
        return mh_err_set(err, MH_ELIMIT, "unable to read %s: more than %d handlers",
                          build->options->folder, MH_TYPES_MAX);
    build->exact.programs[build->exact.count++] = (struct program){type, own_path};
    if (dot == NULL || dot == name) return 0;
    const char *stem = mh_arena_copy(arena, name, (size_t)(dot - name));
    if (stem == NULL) return no_memory(err);
    build->stem.programs[build->stem.count++] = (struct program){stem, own_path};
    return 0;
}

static int scan_entry(struct build *build, const char *name, struct mh_err *err)
{
    char path[4096];
    const char *folder = build->options->folder;
    int len = snprintf(path, sizeof path, "%s%s/%s",
                       folder[0] == '/' || folder[0] == '.' ? "" : "./", folder, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return mh_err_set(err, MH_EINVAL, "unable to read %s: its name is too long", folder);
    return usable(path, name) ? add_program(build, path, name, err) : 0;
}

static int scan_folder(struct build *build, struct mh_err *err)
{
    const char *folder = build->options->folder;
    DIR *dir = opendir(folder);
    if (dir == NULL && errno == ENOENT) return 0; /* an empty registry is judged later */
    if (dir == NULL) return mh_err_sys(err, errno, "unable to read the handlers folder %s", folder);
    int r = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL && r == 0; entry = readdir(dir))
        r = scan_entry(build, entry->d_name, err);
    (void)closedir(dir); /* read only */
    return r;
}

static const char *find_program(const struct scan *scan, const char *type)
{
    for (size_t i = 0; i < scan->count; i++)
        if (strcmp(scan->programs[i].type, type) == 0) return scan->programs[i].path;
    return NULL;
}

/* A file that a section speaks for serves that type alone. */
static void forget_program(struct build *build, const char *path)
{
    struct scan *scans[] = {&build->exact, &build->stem};
    for (size_t s = 0; s < MH_LEN(scans); s++)
        for (size_t i = 0; i < scans[s]->count; i++)
            if (strcmp(scans[s]->programs[i].path, path) == 0) scans[s]->programs[i].type = "";
}

/* --- the specs ---- */

static bool wanted(const struct build *build, const char *type)
{
    if (build->options->only == NULL) return true;
    for (size_t i = 0; i < build->options->only_count; i++)
        if (strcmp(build->options->only[i], type) == 0) return true;
    return false;
}

static bool known(const struct build *build, const char *type)
{
    for (size_t i = 0; i < build->registry.count; i++)
        if (strcmp(build->registry.specs[i].conf.type, type) == 0) return true;
    return false;
}

static const struct mh_registry_builtin *find_builtin(const struct build *build, const char *type)
{
    for (size_t i = 0; i < build->options->builtin_count; i++)
        if (strcmp(build->options->builtins[i].type, type) == 0)
            return &build->options->builtins[i];
    return NULL;
}

static int make_argv(struct build *build, struct mh_handler_spec *spec, const char *path,
                     struct mh_err *err)
{
    struct mh_arena *arena = &build->registry.arena;
    if (spec->conf.command != NULL) {
        int r = mh_words_split(arena, spec->conf.command, &spec->argv, err);
        return r < 0 ? mh_err_prefix(err, r, "unable to read command= of [handler.%s]",
                                     spec->conf.type)
                     : 0;
    }
    if (path == NULL)
        return mh_err_set(err, MH_EINVAL,
                          "[handler.%s] has no command= and there is no executable %s/%s",
                          spec->conf.type, build->options->folder, spec->conf.type);
    const char **argv = mh_arena_array(arena, 2, sizeof *argv);
    if (argv == NULL) return no_memory(err);
    argv[0] = path;
    spec->argv = argv;
    return 0;
}

/* Puts the entries of `more` behind those of the spec. */
static int extend_env(struct build *build, struct mh_handler_spec *spec, const char *const *more,
                      struct mh_err *err)
{
    size_t have = 0, add = 0;
    while (spec->env[have] != NULL)
        have++;
    while (more[add] != NULL)
        add++;
    const char **env = mh_arena_array(&build->registry.arena, have + add + 1, sizeof *env);
    if (env == NULL) return no_memory(err);
    memcpy(env, spec->env, have * sizeof *env);
    memcpy(env + have, more, add * sizeof *env);
    spec->env = env;
    return 0;
}

static int make_child(struct build *build, struct mh_handler_spec *spec, const char *path,
                      struct mh_err *err)
{
    const struct mh_registry_builtin *builtin =
        path == NULL && spec->conf.command == NULL ? find_builtin(build, spec->conf.type) : NULL;
    int r = 0;
    if (builtin != NULL)
        spec->argv = builtin->argv;
    else
        r = make_argv(build, spec, path, err);
    if (r < 0) return r;
    r = mh_child_env(&build->registry.arena, build->options->environment, spec->conf.env,
                     &spec->env, err);
    if (r < 0) return mh_err_prefix(err, r, "unable to read [handler.%s]", spec->conf.type);
    return builtin != NULL ? extend_env(build, spec, builtin->env, err) : 0;
}

static int make_keys(struct build *build, struct mh_handler_spec *spec, struct mh_err *err)
{
    struct mh_arena *arena = &build->registry.arena;
    const char *name = spec->conf.secret_env, *secret = build->options->webhook_secret;
    int r = 0;
    if (name != NULL) r = mh_secret_find(build->options->environment, name, arena, &secret, err);
    if (r < 0) return mh_err_prefix(err, r, "unable to read [handler.%s]", spec->conf.type);
    if (secret == NULL) return 0;
    struct mh_webhook_keys *keys = mh_arena_alloc(arena, sizeof *keys);
    if (keys == NULL) return no_memory(err);
    if (mh_webhook_keys_parse(secret, keys) < 0)
        return mh_err_set(err, MH_EINVAL,
                          "unable to read [handler.%s]: %s is not " MH_WEBHOOK_SECRET,
                          spec->conf.type, name != NULL ? name : "MILLHAND_WEBHOOK_SECRET");
    spec->keys = keys;
    return 0;
}

static int add_spec(struct build *build, struct mh_handler_conf conf, const char *path,
                    struct mh_err *err)
{
    struct mh_registry *registry = &build->registry;
    if (!wanted(build, conf.type) || known(build, conf.type)) return 0;
    if (registry->count == MH_TYPES_MAX)
        return mh_err_set(err, MH_ELIMIT, "more than %d types have a handler", MH_TYPES_MAX);
    struct mh_handler_spec *spec = &registry->specs[registry->count];
    *spec = (struct mh_handler_spec){.conf = conf, .kind = mh_handler_kind_find(conf.mode)};
    int r = conf.url != NULL ? make_keys(build, spec, err) : make_child(build, spec, path, err);
    if (r < 0) return r;
    registry->count++;
    return 0;
}

/* Two files of one stem leave open which is meant, unless a section or a file of that very name
 * speaks for the type. */
static int check_stems(const struct build *build, struct mh_err *err)
{
    for (size_t i = 0; i < build->stem.count; i++) {
        const struct program *one = &build->stem.programs[i];
        if (*one->type == '\0' || known(build, one->type)) continue;
        for (size_t j = i + 1; j < build->stem.count; j++)
            if (strcmp(one->type, build->stem.programs[j].type) == 0)
                return mh_err_set(err, MH_EINVAL,
                                  "unable to choose a handler for type \"%s\": there are %s and "
                                  "%s; rename one, or "
                                  "name it by command= in [handler.%s]",
                                  one->type, one->path, build->stem.programs[j].path, one->type);
    }
    return 0;
}

/* Sections first, since they say the most; then whole names; then names without extension. */
static int add_specs(struct build *build, struct mh_err *err)
{
    const struct scan *scans[] = {&build->exact, &build->stem};
    for (size_t i = 0; i < build->confs.count; i++) {
        const char *type = build->confs.all[i].type;
        const char *path = find_program(&build->exact, type);
        if (path == NULL) path = find_program(&build->stem, type);
        int r = add_spec(build, build->confs.all[i], path, err);
        if (r < 0) return r;
    }
    for (size_t i = 0; i < build->registry.count; i++)
        if (build->registry.specs[i].argv != NULL)
            forget_program(build, build->registry.specs[i].argv[0]);
    for (size_t s = 0; s < MH_LEN(scans); s++) {
        if (scans[s] == &build->stem && check_stems(build, err) < 0) return MH_EINVAL;
        for (size_t i = 0; i < scans[s]->count; i++) {
            const struct program *program = &scans[s]->programs[i];
            if (*program->type == '\0') continue;
            int r = add_spec(build, mh_handler_conf_default(program->type), program->path, err);
            if (r < 0) return r;
        }
    }
    return 0;
}

/* Last, so that whatever else serves a type goes before it. */
static int add_builtins(struct build *build, struct mh_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < build->options->builtin_count; i++)
        r = add_spec(build, mh_handler_conf_default(build->options->builtins[i].type), NULL, err);
    return r;
}

static int by_type(const void *a, const void *b)
{
    const struct mh_handler_spec *x = a, *y = b;
    return strcmp(x->conf.type, y->conf.type);
}

static int check(const struct build *build, struct mh_err *err)
{
    const struct mh_registry_options *options = build->options;
    for (size_t i = 0; i < options->only_count; i++)
        if (!known(build, options->only[i]))
            return mh_err_set(err, MH_EINVAL, "there is no handler for type \"%s\" in %s or %s",
                              options->only[i], options->folder, options->config);
    if (build->registry.count == 0 && !options->may_be_empty)
        return mh_err_set(err, MH_EINVAL,
                          "no handler found: put an executable named as its job type into %s, set "
                          "MILLHAND_HANDLERS, or name built-in types by "
                          "--types ai_generate,blueprint,index",
                          options->folder);
    return 0;
}

static int allocate(struct build *build, struct mh_err *err)
{
    struct mh_arena *arena = &build->registry.arena;
    build->exact.programs = mh_arena_array(arena, MH_TYPES_MAX, sizeof *build->exact.programs);
    build->stem.programs = mh_arena_array(arena, MH_TYPES_MAX, sizeof *build->stem.programs);
    build->registry.specs = mh_arena_array(arena, MH_TYPES_MAX, sizeof *build->registry.specs);
    bool enough = build->exact.programs != NULL && build->stem.programs != NULL &&
                  build->registry.specs != NULL;
    return enough ? 0 : no_memory(err);
}

int mh_registry_load(const struct mh_registry_options *options, struct mh_registry *ret_registry,
                     struct mh_err *err)
{
    struct build build = {.options = options};
    mh_arena_init(&build.registry.arena, ARENA_MAX);
    int r = allocate(&build, err);
    if (r == 0)
        r = mh_handler_conf_load(options->config, options->config_required, &build.registry.arena,
                                 &build.confs, err);
    if (r == 0) r = scan_folder(&build, err);
    if (r == 0) r = add_specs(&build, err);
    if (r == 0 && options->only != NULL) r = add_builtins(&build, err);
    if (r == 0) r = check(&build, err);
    if (r == 0) r = add_builtins(&build, err);
    if (r < 0) {
        mh_registry_release(&build.registry);
        return r;
    }
    qsort(build.registry.specs, build.registry.count, sizeof *build.registry.specs, by_type);
    *ret_registry = build.registry;
    return 0;
}

void mh_registry_release(struct mh_registry *registry)
{
    mh_arena_release(&registry->arena);
    *registry = (struct mh_registry){0};
}
