#include "jobs/blueprint/cluster.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/grow.h"

#define GROUPS_MAX 2000 /* before any two go together */

/* Of so many parts of all files of code: */
#define HUGE_PART  12   /* a folder with more is split */
#define FLAT_PART  6    /* so many in one folder are told apart by their names */
#define SMALL_PART 128  /* a group with no more is part of the folder above */
#define GRAIN_PART 1000 /* a folder with fewer is never a group */
#define FLAT_MIN   48
#define PREFIX_MIN 8
#define HUGE_MIN   24

struct folder {
    const char *path; /* its first `len` bytes */
    size_t len;
    uint32_t parent;
    uint32_t own, total; /* files */
    uint32_t known;      /* of all these, in a language that is known */
    uint32_t code;       /* of these, code: what is no data, and nothing to read */
    uint32_t group;
    bool split;
};

struct group {
    const char *folder;
    const char *name; /* as a module: the folder, or one above */
    uint32_t files, code;
    uint32_t into;   /* itself, or the one it went to */
    bool is_settled; /* small, and there is no folder above */
};

struct clustering {
    const struct mh_source *source;
    struct mh_arena *arena;
    struct folder *folders;
    struct group *groups;
    uint32_t *group_of; /* each file's */
    uint32_t *shared;   /* imports between two groups, a square */
    size_t folder_count, folder_room, group_count, group_room, left;
    uint32_t huge, flat, small, grain;
};

static uint32_t at_least(size_t least, size_t number)
{
    return (uint32_t)(number > least ? number : least);
}

/* --- folders */

static struct folder *add_folder(struct clustering *all, const char *path, size_t len,
                                 uint32_t parent)
{
    struct folder *folders =
        mh_grow(all->arena, all->folders, all->folder_count, &all->folder_room, sizeof *folders);
    if (folders == NULL) return NULL;
    all->folders = folders;
    folders[all->folder_count] = (struct folder){.path = path, .len = len, .parent = parent};
    return &folders[all->folder_count++];
}

static bool is_code(const struct mh_source_file *file)
{
    static const char *const others[] = {
        "AsciiDoc", "CSV", "HTML", "INI",  "JSON", "Markdown", "Scdoc",
        "SVG",      "TeX", "Text", "TOML", "XML",  "YAML",     "reStructuredText"};
    for (size_t i = 0; file->language != NULL && i < MH_LEN(others); i++)
        if (strcmp(file->language, others[i]) == 0) return false;
    return file->language != NULL;
}

static bool is_inside(const struct folder *folder, const char *path)
{
    return folder->len == 0 ||
           (strncmp(folder->path, path, folder->len) == 0 && path[folder->len] == '/');
}

/* Files come by path, so those below a folder come together: each folder is met once. */
static int find_folders(struct clustering *all)
{
    uint32_t here = 0;
    if (add_folder(all, "", 0, 0) == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < all->source->file_count; i++) {
        const char *path = all->source->files[i].path, *slash;
        while (!is_inside(&all->folders[here], path))
            here = all->folders[here].parent;
        size_t from = all->folders[here].len;
        for (from += from > 0; (slash = strchr(path + from, '/')) != NULL;
             from = (size_t)(slash + 1 - path)) {
            if (add_folder(all, path, (size_t)(slash - path), here) == NULL) return MH_ENOMEM;
            here = (uint32_t)all->folder_count - 1;
        }
        all->folders[here].own++;
        all->folders[here].known += all->source->files[i].language != NULL;
        all->folders[here].code += is_code(&all->source->files[i]);
        all->group_of[i] = here; /* until the folders have groups */
    }
    for (size_t i = all->folder_count; i-- > 0;) {
        struct folder *folder = &all->folders[i];
        folder->total += folder->own;
        if (i == 0) break;
        all->folders[folder->parent].total += folder->total;
        all->folders[folder->parent].known += folder->known;
        all->folders[folder->parent].code += folder->code;
    }
    return 0;
}

/* --- groups */

static int add_group(struct clustering *all, const char *name, uint32_t *ret_group)
{
    struct group *groups =
        mh_grow(all->arena, all->groups, all->group_count, &all->group_room, sizeof *groups);
    if (groups == NULL || name == NULL) return MH_ENOMEM;
    all->groups = groups;
    *ret_group = (uint32_t)all->group_count;
    groups[all->group_count++] = (struct group){.folder = name, .name = name, .into = *ret_group};
    return 0;
}

/* At the top whatever has words in it is told apart; below, code alone. */
static bool is_group(const struct clustering *all, const struct folder *folder)
{
    const struct folder *parent = &all->folders[folder->parent];
    if (!parent->split || all->group_count >= GROUPS_MAX) return false;
    if (folder->parent == 0) return folder->known > 0 && folder->total > all->grain;
    return folder->code > all->grain;
}

static int group_folders(struct clustering *all)
{
    for (size_t i = 0; i < all->folder_count; i++) {
        struct folder *folder = &all->folders[i];
        if (i > 0 && !is_group(all, folder)) {
            folder->group = all->folders[folder->parent].group;
            continue;
        }
        const char *name = i > 0 ? mh_arena_copy(all->arena, folder->path, folder->len) : ".";
        if (add_group(all, name, &folder->group) < 0) return MH_ENOMEM;
        folder->split = folder->total > folder->own && (i == 0 || folder->code > all->huge);
    }
    return 0;
}

/* --- many files in one folder */

struct prefixed {
    const char *name; /* its first `len` bytes are the prefix */
    size_t len;
    uint32_t file;
};

static int compare_prefixed(const void *a, const void *b)
{
    const struct prefixed *one = a, *other = b;
    int order = strncmp(one->name, other->name, one->len < other->len ? one->len : other->len);
    if (order != 0) return order;
    if (one->len != other->len) return one->len < other->len ? -1 : 1;
    return one->file < other->file ? -1 : 1;
}

static int name_prefix(struct clustering *all, const struct folder *folder,
                       const struct prefixed *item, uint32_t *ret_group)
{
    size_t len = folder->len + (folder->len > 0) + item->len;
    char *name = mh_arena_alloc(all->arena, len + 2);
    if (name == NULL) return MH_ENOMEM;
    memcpy(name, folder->path, folder->len);
    if (folder->len > 0) name[folder->len] = '/';
    memcpy(name + len - item->len, item->name, item->len);
    name[len] = '*';
    return add_group(all, name, ret_group);
}

static int split_flat(struct clustering *all, uint32_t number)
{
    const struct folder *folder = &all->folders[number];
    size_t count = 0, skip = folder->len + (folder->len > 0);
    struct prefixed *items = mh_arena_array(all->arena, folder->own, sizeof *items);
    if (items == NULL) return MH_ENOMEM;
    for (uint32_t i = 0; i < all->source->file_count; i++) {
        if (all->group_of[i] != number) continue;
        const char *name = all->source->files[i].path + skip;
        items[count++] = (struct prefixed){name, 1 + strcspn(name + 1, "_-."), i};
    }
    qsort(items, count, sizeof *items, compare_prefixed);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && items[to].len == items[from].len &&
                            strncmp(items[to].name, items[from].name, items[from].len) == 0;
             to++)
            ;
        if (to - from < at_least(PREFIX_MIN, count / 10) || to - from == count) continue;
        uint32_t group;
        if (name_prefix(all, folder, &items[from], &group) < 0) return MH_ENOMEM;
        for (size_t i = from; i < to; i++) /* told from numbers of folders until all are done */
            all->group_of[items[i].file] = (uint32_t)all->folder_count + group;
    }
    return 0;
}

static int group_files(struct clustering *all)
{
    for (uint32_t i = 0; i < all->folder_count; i++)
        if (all->folders[i].own > all->flat && split_flat(all, i) < 0) return MH_ENOMEM;
    for (size_t i = 0; i < all->source->file_count; i++) {
        uint32_t of = all->group_of[i];
        all->group_of[i] =
            of < all->folder_count ? all->folders[of].group : of - (uint32_t)all->folder_count;
        all->groups[all->group_of[i]].files++;
        all->groups[all->group_of[i]].code += is_code(&all->source->files[i]);
    }
    for (size_t i = 0; i < all->group_count; i++)
        all->left += all->groups[i].files > 0;
    return 0;
}

/* --- going together */

/* How many folders two paths have in common at their beginning. */
static uint32_t common_folders(const char *one, const char *other)
{
    uint32_t common = 0;
    for (; *one != '\0' && *one == *other; one++, other++)
        common += *one == '/';
    return common + ((*one == '\0' || *one == '/') && (*other == '\0' || *other == '/'));
}

static bool is_there(const struct clustering *all, size_t group)
{
    return all->groups[group].into == group && all->groups[group].files > 0;
}

static uint32_t smallest(const struct clustering *all, bool unsettled)
{
    uint32_t found = MH_SOURCE_NONE;
    for (uint32_t i = 0; i < all->group_count; i++) {
        if (!is_there(all, i) || (unsettled && all->groups[i].is_settled)) continue;
        if (found == MH_SOURCE_NONE || all->groups[i].code < all->groups[found].code) found = i;
    }
    return found;
}

/* Whom a group depends on most, for its size, so that a large one does not draw all to itself. */
static uint32_t closest(const struct clustering *all, uint32_t group)
{
    const struct group *groups = all->groups;
    uint32_t found = MH_SOURCE_NONE;
    uint64_t most = 0;
    for (uint32_t i = 0; i < all->group_count; i++) {
        uint64_t shared = all->shared[group * all->group_count + i];
        if (i == group || shared == 0 || !is_there(all, i)) continue;
        uint64_t score = shared * (1 + common_folders(groups[group].name, groups[i].name)) * 1024 /
                         (groups[group].code + groups[i].code + 1);
        if (found != MH_SOURCE_NONE && score <= most) continue;
        most = score;
        found = i;
    }
    return found;
}

static uint32_t nearest(const struct clustering *all, uint32_t group)
{
    uint32_t found = MH_SOURCE_NONE, most = 0;
    for (uint32_t i = 0; i < all->group_count; i++) {
        if (i == group || !is_there(all, i)) continue;
        uint32_t common = common_folders(all->groups[group].name, all->groups[i].name);
        if (found != MH_SOURCE_NONE && common <= most) continue;
        most = common;
        found = i;
    }
    return found;
}

/* Whether the path is that of a folder above the other. */
static bool is_above(const char *path, const char *other)
{
    size_t len = strlen(path);
    return strncmp(path, other, len) == 0 && other[len] == '/';
}

/* The group of the nearest folder above. */
static uint32_t above(const struct clustering *all, uint32_t group)
{
    uint32_t found = MH_SOURCE_NONE;
    for (uint32_t i = 0; i < all->group_count; i++)
        if (is_there(all, i) && is_above(all->groups[i].name, all->groups[group].name) &&
            (found == MH_SOURCE_NONE ||
             strlen(all->groups[i].name) > strlen(all->groups[found].name)))
            found = i;
    return found;
}

/* A folder above the other keeps its name, else the larger one does. */
static void join(struct clustering *all, uint32_t from, uint32_t into)
{
    size_t count = all->group_count;
    bool swaps = is_above(all->groups[from].name, all->groups[into].name) ||
                 (!is_above(all->groups[into].name, all->groups[from].name) &&
                  all->groups[from].files > all->groups[into].files);
    if (swaps) {
        uint32_t other = from;
        from = into;
        into = other;
    }
    all->groups[from].into = into;
    all->groups[into].files += all->groups[from].files;
    all->groups[into].code += all->groups[from].code;
    for (size_t i = 0; i < count; i++) {
        all->shared[into * count + i] += all->shared[from * count + i];
        all->shared[i * count + into] = all->shared[into * count + i];
    }
    all->left--;
}

/* The first of the small ones of a folder takes its name, and the others then join it. */
static int join_small(struct clustering *all)
{
    for (;;) {
        uint32_t group = smallest(all, true);
        if (group == MH_SOURCE_NONE || all->groups[group].code > all->small) return 0;
        uint32_t other = above(all, group);
        const char *name = all->groups[group].name, *slash = strrchr(name, '/');
        if (other != MH_SOURCE_NONE) {
            join(all, group, other);
        } else if (slash == NULL) {
            all->groups[group].is_settled = true;
        } else {
            all->groups[group].name = mh_arena_copy(all->arena, name, (size_t)(slash - name));
            if (all->groups[group].name == NULL) return MH_ENOMEM;
        }
    }
}

static void join_until_few(struct clustering *all)
{
    while (all->left > MH_CLUSTER_MODULES) {
        uint32_t group = smallest(all, false);
        uint32_t other = closest(all, group);
        join(all, group, other != MH_SOURCE_NONE ? other : nearest(all, group));
    }
}

static int join_groups(struct clustering *all)
{
    size_t count = all->group_count;
    all->shared = calloc(count * count, sizeof *all->shared);
    if (all->shared == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < all->source->edge_count; i++) {
        uint32_t from = all->group_of[all->source->edges[i].from];
        uint32_t to = all->group_of[all->source->edges[i].to];
        if (from == to) continue;
        all->shared[from * count + to]++;
        all->shared[to * count + from]++;
    }
    int r = join_small(all);
    if (r == 0) join_until_few(all);
    free(all->shared);
    return r;
}

/* --- what came of it */

static uint32_t end_of(const struct clustering *all, uint32_t group)
{
    while (all->groups[group].into != group)
        group = all->groups[group].into;
    return group;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_clusters(const void *a, const void *b)
{
    return strcmp(((const struct mh_cluster *)a)->name, ((const struct mh_cluster *)b)->name);
}

/* A group that went to another had files: one without has no folder to tell of. */
static int list_folders(struct clustering *all, const bool *had_files, uint32_t group,
                        struct mh_cluster *cluster)
{
    const char **names = mh_arena_array(all->arena, all->group_count, sizeof *names);
    if (names == NULL) return MH_ENOMEM;
    cluster->name = all->groups[group].name;
    cluster->folders = names;
    for (uint32_t i = 0; i < all->group_count; i++)
        if (had_files[i] && end_of(all, i) == group)
            names[cluster->folder_count++] = all->groups[i].folder;
    qsort(names, cluster->folder_count, sizeof *names, compare_names);
    return 0;
}

static uint32_t find_cluster(const struct mh_cluster *clusters, size_t count, const char *name)
{
    const struct mh_cluster key = {.name = name};
    const struct mh_cluster *found =
        bsearch(&key, clusters, count, sizeof *clusters, compare_clusters);
    return (uint32_t)(found - clusters);
}

static int make_clusters(struct clustering *all, const bool *had_files,
                         const struct mh_cluster **ret_clusters, size_t *ret_count)
{
    size_t count = 0;
    struct mh_cluster *clusters = mh_arena_array(all->arena, all->left, sizeof *clusters);
    uint32_t *number = mh_arena_array(all->arena, all->group_count, sizeof *number);
    if (clusters == NULL || number == NULL) return MH_ENOMEM;
    for (uint32_t i = 0; i < all->group_count; i++)
        if (is_there(all, i) && list_folders(all, had_files, i, &clusters[count++]) < 0)
            return MH_ENOMEM;
    if (count > 0) qsort(clusters, count, sizeof *clusters, compare_clusters);
    for (uint32_t i = 0; i < all->group_count; i++)
        if (had_files[i])
            number[i] = find_cluster(clusters, count, all->groups[end_of(all, i)].name);
    for (size_t i = 0; i < all->source->file_count; i++)
        all->group_of[i] = number[all->group_of[i]];
    *ret_clusters = clusters;
    *ret_count = count;
    return 0;
}

/* Of a project without any code all files count as such. */
static size_t count_code(const struct mh_source *source)
{
    size_t count = 0;
    for (size_t i = 0; i < source->file_count; i++)
        count += is_code(&source->files[i]);
    return count > 0 ? count : source->file_count;
}

int mh_cluster(const struct mh_source *source, struct mh_arena *arena,
               const struct mh_cluster **ret_clusters, size_t *ret_count,
               const uint32_t **ret_module_of)
{
    size_t files = source->file_count, code = count_code(source);
    struct clustering all = {
        .source = source,
        .arena = arena,
        .group_of = mh_arena_array(arena, files, sizeof(uint32_t)),
        .huge = at_least(HUGE_MIN, code / HUGE_PART),
        .flat = at_least(FLAT_MIN, code / FLAT_PART),
        .small = (uint32_t)(code / SMALL_PART),
        .grain = (uint32_t)(code / GRAIN_PART),
    };
    if (all.group_of == NULL || find_folders(&all) < 0 || group_folders(&all) < 0 ||
        group_files(&all) < 0)
        return MH_ENOMEM;
    bool *had_files = mh_arena_array(arena, all.group_count, sizeof *had_files);
    if (had_files == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < all.group_count; i++)
        had_files[i] = all.groups[i].files > 0;
    if (join_groups(&all) < 0 || make_clusters(&all, had_files, ret_clusters, ret_count) < 0)
        return MH_ENOMEM;
    *ret_module_of = all.group_of;
    return 0;
}
