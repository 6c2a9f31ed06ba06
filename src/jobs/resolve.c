#include "jobs/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/imports.h"

#define MODULES_MAX  100 /* go.mod files that are read */
#define GO_MOD_BYTES (1 << 20)

struct module { /* of Go */
    const char *name;
    const char *folder; /* with a slash behind it; "" for the root */
};

struct mh_resolver {
    const struct mh_tree *tree;
    const struct mh_tree_file **by_name; /* all files, by the last name of their paths */
    struct module modules[MODULES_MAX];
    size_t module_count;
};

/* A path that is being made; past the maximum it is `long` and names nothing. */
struct path {
    char text[MH_TREE_PATH + 1];
    size_t len;
};

/* --- looking up */

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int against_path(const void *key, const void *file)
{
    return strcmp(key, ((const struct mh_tree_file *)file)->path);
}

static const char *find(const struct mh_resolver *resolver, const char *path)
{
    const struct mh_tree *tree = resolver->tree;
    if (tree->count == 0) return NULL;
    const struct mh_tree_file *found =
        bsearch(path, tree->files, tree->count, sizeof *tree->files, against_path);
    return found != NULL ? found->path : NULL;
}

/* The first file whose path is not before `path`. */
static size_t lower_bound(const struct mh_tree *tree, const char *path)
{
    size_t low = 0, high = tree->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(tree->files[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t first_named(const struct mh_resolver *resolver, const char *name)
{
    size_t low = 0, high = resolver->tree->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(last_name(resolver->by_name[middle]->path), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t common_length(const char *a, const char *b)
{
    size_t len = 0;
    while (a[len] != '\0' && a[len] == b[len])
        len++;
    return len;
}

/* The file whose path is `tail` or ends with "/tail"; of several the nearest to `from`. */
static const char *find_tail(const struct mh_resolver *resolver, const char *from, const char *tail)
{
    const char *best = NULL, *name = last_name(tail);
    size_t tail_len = strlen(tail);
    for (size_t i = first_named(resolver, name); i < resolver->tree->count; i++) {
        const char *path = resolver->by_name[i]->path;
        size_t len = strlen(path);
        if (strcmp(last_name(path), name) != 0) break;
        if (len < tail_len || strcmp(path + len - tail_len, tail) != 0 ||
            (len > tail_len && path[len - tail_len - 1] != '/'))
            continue;
        if (best == NULL || common_length(path, from) > common_length(best, from)) best = path;
    }
    return best;
}

/* --- making paths */

static void path_set(struct path *path, const char *text, size_t len)
{
    path->len = len <= MH_TREE_PATH ? len : 0;
    memcpy(path->text, text, path->len);
    path->text[path->len] = '\0';
}

/* What makes it too long makes it name nothing. */
static void path_add(struct path *path, const char *text, size_t len)
{
    if (len > MH_TREE_PATH - path->len) {
        path_set(path, "//", 2);
        return;
    }
    memcpy(path->text + path->len, text, len);
    path->len += len;
    path->text[path->len] = '\0';
}

/* The folder of a file, with a slash behind it; "" for the root. */
static void path_folder(struct path *path, const char *file)
{
    path_set(path, file, (size_t)(last_name(file) - file));
}

/* To the folder above; false: it is the root. */
static bool path_up(struct path *path)
{
    if (path->len == 0) return false;
    path->len--;
    while (path->len > 0 && path->text[path->len - 1] != '/')
        path->len--;
    path->text[path->len] = '\0';
    return true;
}

/* Goes along `target` from the folder, by its "." and ".."; false: it leads out of the tree. */
static bool path_walk(struct path *path, const char *target)
{
    while (*target != '\0') {
        size_t len = strcspn(target, "/");
        bool last = target[len] == '\0';
        if (len == 2 && memcmp(target, "..", 2) == 0) {
            if (!path_up(path)) return false;
        } else if (len > 0 && !(len == 1 && target[0] == '.')) {
            path_add(path, target, len);
            if (!last) path_add(path, "/", 1);
        }
        target += last ? len : len + 1;
    }
    return true;
}

/* The first of path + ending that is there; `endings` ends with NULL. */
static const char *find_ending(const struct mh_resolver *resolver, const struct path *path,
                               const char *const *endings)
{
    for (; *endings != NULL; endings++) {
        struct path whole = *path;
        path_add(&whole, *endings, strlen(*endings));
        const char *found = find(resolver, whole.text);
        if (found != NULL) return found;
    }
    return NULL;
}

static const char *find_below(const struct mh_resolver *resolver, const char *folder,
                              const char *target, const char *const *endings)
{
    struct path path;
    path_set(&path, folder, strlen(folder));
    return path_walk(&path, target) ? find_ending(resolver, &path, endings) : NULL;
}

static const char *find_beside(const struct mh_resolver *resolver, const char *from,
                               const char *target, const char *const *endings)
{
    struct path folder;
    path_folder(&folder, from);
    return find_below(resolver, folder.text, target, endings);
}

static const char *const as_it_is[] = {"", NULL};

/* --- languages */

static const char *resolve_c(const struct mh_resolver *resolver, const char *from,
                             const char *target)
{
    char name[MH_IMPORT_MAX + 16];
    const char *found;
    if (target[0] != '<') {
        found = find_beside(resolver, from, target, as_it_is);
        if (found == NULL) found = find_below(resolver, "", target, as_it_is);
        return found != NULL ? found : find_tail(resolver, from, target);
    }
    int len = (int)strcspn(target + 1, ">");
    (void)snprintf(name, sizeof name, "include/%.*s", len, target + 1);
    found = find_tail(resolver, from, name);
    if (found == NULL) found = find(resolver, name + strlen("include/"));
    return found != NULL || memchr(target, '/', (size_t)len) == NULL
               ? found
               : find_tail(resolver, from, name + strlen("include/"));
}

/* The file of the package's own name, or the one of its documentation; by how the target ends. */
static const char *find_chief(const struct mh_resolver *resolver, const struct path *folder,
                              const char *target)
{
    char name[MH_IMPORT_MAX + 8];
    struct path path;
    const char *slash = strrchr(target, '/');
    (void)snprintf(name, sizeof name, "%s.go", slash != NULL ? slash + 1 : target);
    const char *const names[] = {name, "doc.go"};
    for (size_t i = 0; i < MH_LEN(names); i++) {
        path_set(&path, folder->text, folder->len);
        path_add(&path, names[i], strlen(names[i]));
        const char *found = find(resolver, path.text);
        if (found != NULL) return found;
    }
    return NULL;
}

/* Of the files in a folder the one that stands for its package; without a chief one the first that
 * is no test. */
static const char *find_package(const struct mh_resolver *resolver, const struct path *place,
                                const char *target)
{
    const struct mh_tree *tree = resolver->tree;
    const char *folder = place->text, *chief = find_chief(resolver, place, target);
    size_t folder_len = strlen(folder);
    if (chief != NULL) return chief;
    for (size_t i = lower_bound(tree, folder); i < tree->count; i++) {
        const char *path = tree->files[i].path;
        size_t len = strlen(path);
        if (strncmp(path, folder, folder_len) != 0) break;
        bool inside = strchr(path + folder_len, '/') == NULL;
        if (inside && len > 3 && strcmp(path + len - 3, ".go") == 0 &&
            !(len > 8 && strcmp(path + len - 8, "_test.go") == 0))
            return path;
    }
    return NULL;
}

static const char *resolve_go(const struct mh_resolver *resolver, const char *from,
                              const char *target)
{
    struct path folder;
    for (size_t i = 0; i < resolver->module_count; i++) {
        const struct module *module = &resolver->modules[i];
        size_t len = strlen(module->name);
        if (strncmp(target, module->name, len) != 0 || (target[len] != '\0' && target[len] != '/'))
            continue;
        path_set(&folder, module->folder, strlen(module->folder));
        if (target[len] == '/' && !path_walk(&folder, target + len)) return NULL;
        if (folder.len > 0 && folder.text[folder.len - 1] != '/') path_add(&folder, "/", 1);
        return find_package(resolver, &folder, target);
    }
    if (target[0] != '.') return NULL;
    path_folder(&folder, from);
    if (!path_walk(&folder, target)) return NULL;
    path_add(&folder, "/", 1);
    return find_package(resolver, &folder, target);
}

static const char *const python_endings[] = {".py", "/__init__.py", ".pyi", "/__init__.pyi", NULL};

/* Below the folder: the module of these names, joined by dots. */
static const char *find_module(const struct mh_resolver *resolver, const struct path *folder,
                               const char *names, size_t len)
{
    char target[MH_IMPORT_MAX + 1];
    static const char *const package[] = {"__init__.py", "__init__.pyi", NULL};
    if (len == 0) return find_ending(resolver, folder, package);
    memcpy(target, names, len);
    target[len] = '\0';
    for (char *dot = target; (dot = strchr(dot, '.')) != NULL;)
        *dot = '/';
    return find_below(resolver, folder->text, target, python_endings);
}

/* "names:name": the module `name` in `names`, or else `names`. */
static const char *find_modules(const struct mh_resolver *resolver, const struct path *folder,
                                const char *target)
{
    char joined[MH_IMPORT_MAX + 1];
    size_t len = strcspn(target, ":");
    const char *found = NULL;
    if (target[len] == ':') {
        (void)snprintf(joined, sizeof joined, "%.*s%s%s", (int)len, target, len > 0 ? "." : "",
                       target + len + 1);
        found = find_module(resolver, folder, joined, strlen(joined));
    }
    return found != NULL ? found : find_module(resolver, folder, target, len);
}

static const char *resolve_python(const struct mh_resolver *resolver, const char *from,
                                  const char *target)
{
    struct path folder;
    path_folder(&folder, from);
    size_t dots = strspn(target, ".");
    if (dots > 0) {
        for (size_t i = 1; i < dots; i++)
            if (!path_up(&folder)) return NULL;
        return find_modules(resolver, &folder, target + dots);
    }
    do {
        const char *found = find_modules(resolver, &folder, target);
        if (found != NULL) return strcmp(found, from) != 0 ? found : NULL;
    } while (path_up(&folder));
    path_set(&folder, "src/", 4);
    return find_modules(resolver, &folder, target);
}

static const char *resolve_script(const struct mh_resolver *resolver, const char *from,
                                  const char *target)
{
    static const char *const endings[] = {
        "",          ".ts",        ".tsx",       ".d.ts",       ".js",       ".jsx",
        ".mjs",      ".cjs",       ".json",      ".vue",        "/index.ts", "/index.tsx",
        "/index.js", "/index.jsx", "/index.mjs", "/index.d.ts", NULL};
    char typed[MH_IMPORT_MAX + 8];
    const char *found = NULL;
    if (target[0] == '.') {
        found = find_beside(resolver, from, target, endings);
        const char *dot = strrchr(target, '.');
        if (found != NULL || strncmp(dot, ".js", 3) != 0) return found;
        (void)snprintf(typed, sizeof typed, "%.*s.ts%s", (int)(dot - target), target, dot + 3);
        return find_beside(resolver, from, typed, as_it_is); /* TypeScript names what it makes */
    }
    bool from_root = target[0] == '/';
    if ((target[0] == '@' || target[0] == '~') && target[1] == '/') from_root = true, target++;
    if (!from_root && strchr(target, '/') == NULL) return NULL;
    found = find_below(resolver, "", target, endings);
    return found != NULL ? found : find_below(resolver, "src/", target, endings);
}

static const char *resolve_java(const struct mh_resolver *resolver, const char *from,
                                const char *target)
{
    static const char *const endings[] = {".java", ".kt", ".scala"};
    char name[MH_IMPORT_MAX + 8];
    size_t len = strlen(target);
    for (int tries = 0; tries < 3 && memchr(target, '.', len) != NULL; tries++) {
        for (size_t i = 0; i < MH_LEN(endings); i++) {
            (void)snprintf(name, sizeof name, "%.*s%s", (int)len, target, endings[i]);
            for (size_t at = 0; at < len; at++)
                if (name[at] == '.') name[at] = '/';
            const char *found = find_tail(resolver, from, name);
            if (found != NULL) return found;
        }
        while (len > 0 && target[--len] != '.') { /* a name inside the class */
        }
    }
    return NULL;
}

static const char *const rust_endings[] = {".rs", "/mod.rs", NULL};

/* The longest beginning of "::a::b" that is a module below the folder. */
static const char *find_rust(const struct mh_resolver *resolver, const struct path *folder,
                             const char *names)
{
    char target[MH_IMPORT_MAX + 1];
    size_t len = 0;
    for (; *names != '\0'; names++)
        if (*names != ':' || names[1] != ':') target[len++] = *names == ':' ? '/' : *names;
    target[len] = '\0';
    while (len > 0) {
        const char *found = find_below(resolver, folder->text, target, rust_endings);
        if (found != NULL) return found;
        while (len > 0 && target[--len] != '/') {
        }
        target[len] = '\0';
    }
    return NULL;
}

/* The folder of the modules that belong to a file: its own, or one of its name. */
static void rust_folder(struct path *folder, const char *from)
{
    const char *name = last_name(from);
    path_folder(folder, from);
    if (strcmp(name, "mod.rs") == 0 || strcmp(name, "lib.rs") == 0 || strcmp(name, "main.rs") == 0)
        return;
    path_add(folder, name, strcspn(name, "."));
    path_add(folder, "/", 1);
}

static const char *resolve_rust(const struct mh_resolver *resolver, const char *from,
                                const char *target)
{
    static const char *const crates[] = {"lib.rs", "main.rs", NULL};
    struct path folder;
    rust_folder(&folder, from);
    if (strncmp(target, "mod ", 4) == 0)
        return find_below(resolver, folder.text, target + 4, rust_endings);
    if (strncmp(target, "crate::", 7) == 0) {
        do {
            if (find_ending(resolver, &folder, crates) != NULL)
                return find_rust(resolver, &folder, target + 7);
        } while (path_up(&folder));
        return NULL;
    }
    if (strncmp(target, "self::", 6) == 0) return find_rust(resolver, &folder, target + 6);
    while (strncmp(target, "super::", 7) == 0) {
        if (!path_up(&folder)) return NULL;
        target += 7;
        if (strncmp(target, "super::", 7) != 0) return find_rust(resolver, &folder, target);
    }
    return NULL;
}

static const char *resolve_ruby(const struct mh_resolver *resolver, const char *from,
                                const char *target)
{
    static const char *const endings[] = {".rb", "", NULL};
    char name[MH_IMPORT_MAX + 16];
    if (target[0] == '.') return find_beside(resolver, from, target, endings);
    const char *found = find_below(resolver, "lib/", target, endings);
    if (found == NULL) found = find_below(resolver, "", target, endings);
    (void)snprintf(name, sizeof name, "lib/%s.rb", target);
    return found != NULL ? found : find_tail(resolver, from, name);
}

static const char *resolve_shell(const struct mh_resolver *resolver, const char *from,
                                 const char *target)
{
    const char *found = find_beside(resolver, from, target, as_it_is);
    return found != NULL ? found : find_below(resolver, "", target, as_it_is);
}

typedef const char *resolve_fn(const struct mh_resolver *resolver, const char *from,
                               const char *target);

static resolve_fn *const resolvers[] = {
    [MH_IMPORT_C] = resolve_c,           [MH_IMPORT_GO] = resolve_go,
    [MH_IMPORT_PYTHON] = resolve_python, [MH_IMPORT_SCRIPT] = resolve_script,
    [MH_IMPORT_JAVA] = resolve_java,     [MH_IMPORT_RUST] = resolve_rust,
    [MH_IMPORT_RUBY] = resolve_ruby,     [MH_IMPORT_SHELL] = resolve_shell,
};

const char *mh_resolve(const struct mh_resolver *resolver, const char *from,
                       enum mh_import_style style, const char *target)
{
    if (style == MH_IMPORT_NONE || strlen(target) > MH_IMPORT_MAX) return NULL;
    return resolvers[style](resolver, from, target);
}

/* --- making one */

static int by_last_name(const void *a, const void *b)
{
    const struct mh_tree_file *const *left = a, *const *right = b;
    int order = strcmp(last_name((*left)->path), last_name((*right)->path));
    return order != 0 ? order : strcmp((*left)->path, (*right)->path);
}

/* The word behind "module" at the beginning of a line. */
static const char *module_name(struct mh_arena *arena, const char *text)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "module", 6) == 0 && strchr(" \t\"", line[6]) != NULL) {
            line += 6 + strspn(line + 6, " \t\"");
            return mh_arena_copy(arena, line, strcspn(line, " \t\r\n\""));
        }
        if (*line == '\0') break;
    }
    return NULL;
}

/* Longer names come first, so that a module within another is found. */
static int by_length(const void *a, const void *b)
{
    size_t left = strlen(((const struct module *)a)->name);
    size_t right = strlen(((const struct module *)b)->name);
    return left < right ? 1 : left > right ? -1 : 0;
}

static int read_modules(struct mh_resolver *resolver, struct mh_arena *arena, struct mh_err *err)
{
    struct mh_buf text;
    int r = 0;
    mh_buf_init(&text, GO_MOD_BYTES);
    for (size_t i = first_named(resolver, "go.mod"); r >= 0 && i < resolver->tree->count; i++) {
        struct mh_tree_file file = *resolver->by_name[i];
        if (strcmp(last_name(file.path), "go.mod") != 0 || resolver->module_count == MODULES_MAX)
            break;
        r = mh_tree_read(resolver->tree, &file, &text, err);
        if (r != MH_CONTENT_TEXT) continue;
        struct module *module = &resolver->modules[resolver->module_count];
        module->name = module_name(arena, mh_buf_text(&text));
        module->folder =
            mh_arena_copy(arena, file.path, (size_t)(last_name(file.path) - file.path));
        if (module->name != NULL && module->folder != NULL && module->name[0] != '\0')
            resolver->module_count++;
    }
    mh_buf_release(&text);
    qsort(resolver->modules, resolver->module_count, sizeof *resolver->modules, by_length);
    return r < 0 ? r : 0;
}

int mh_resolver_new(struct mh_arena *arena, const struct mh_tree *tree,
                    struct mh_resolver **ret_resolver, struct mh_err *err)
{
    struct mh_resolver *resolver = mh_arena_alloc(arena, sizeof *resolver);
    const struct mh_tree_file **by_name = mh_arena_array(arena, tree->count, sizeof *by_name);
    if (resolver == NULL || by_name == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to resolve imports: out of memory");
    for (size_t i = 0; i < tree->count; i++)
        by_name[i] = &tree->files[i];
    if (tree->count > 0) qsort(by_name, tree->count, sizeof *by_name, by_last_name);
    resolver->tree = tree;
    resolver->by_name = by_name;
    *ret_resolver = resolver;
    return read_modules(resolver, arena, err);
}
