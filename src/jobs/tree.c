#include "jobs/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "jobs/ignore.h"

#define IGNORE_BYTES  (1 << 20)          /* of one .gitignore */
#define IGNORE_BUDGET INT64_C(500000000) /* steps of matching: a few seconds */
#define FILES_AT_ONCE 1024               /* by which the list grows */
#define OPEN_FOLDER   (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define OPEN_FILE     (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

void mh_tree_release(struct mh_tree *tree)
{
    free(tree->files);
    mh_arena_release(&tree->arena);
    *tree = (struct mh_tree){0};
}

static void init(struct mh_tree *tree, int root)
{
    *tree = (struct mh_tree){.root = root};
    mh_arena_init(&tree->arena, MH_TREE_MEMORY);
}

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to list the tree: out of memory");
}

static int add(struct mh_tree *tree, const struct mh_tree_file *file, struct mh_err *err)
{
    if (tree->count >= MH_TREE_FILES)
        return mh_err_set(err, MH_ELIMIT, "the tree has more than %d files, the most that is read",
                          MH_TREE_FILES);
    if (tree->count % FILES_AT_ONCE == 0) {
        struct mh_tree_file *files =
            realloc(tree->files, (tree->count + FILES_AT_ONCE) * sizeof *files);
        if (files == NULL) return no_memory(err);
        tree->files = files;
    }
    tree->files[tree->count++] = *file;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct mh_tree_file *)a)->path, ((const struct mh_tree_file *)b)->path);
}

static void sort(struct mh_tree *tree)
{
    size_t kept = 0;
    if (tree->count > 0) qsort(tree->files, tree->count, sizeof *tree->files, by_path);
    for (size_t i = 0; i < tree->count; i++)
        if (kept == 0 || strcmp(tree->files[kept - 1].path, tree->files[i].path) != 0)
            tree->files[kept++] = tree->files[i];
    tree->count = kept;
}

/* --- walking */

struct walk {
    struct mh_tree *tree;
    struct mh_buf path; /* of the folder, with a slash behind it; empty for the root */
    int depth;
    int64_t budget; /* for matching */
};

/* The patterns of the folder's own .gitignore, which must be an ordinary file, before `above`. One
 * that is too large is as none. */
static int read_ignore(struct walk *walk, int folder, const struct mh_ignore *above,
                       const struct mh_ignore **ret_set, struct mh_err *err)
{
    struct stat st;
    struct mh_buf text;
    int r = 0;
    *ret_set = above;
    int fd = openat(folder, ".gitignore", OPEN_FILE);
    if (fd < 0) return 0;
    mh_buf_init(&text, IGNORE_BYTES);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < IGNORE_BYTES &&
        mh_file_read_fd(fd, ".gitignore", &text, NULL) == 0) {
        char *kept = mh_arena_copy(&walk->tree->arena, mh_buf_text(&text), text.len);
        r = kept == NULL ? no_memory(err)
                         : mh_ignore_parse(&walk->tree->arena, above, walk->path.len, kept,
                                           text.len, ret_set, err);
    }
    mh_buf_release(&text);
    (void)close(fd); /* only read */
    return r;
}

static int walk_folder(struct walk *walk, int folder, const struct mh_ignore *above,
                       struct mh_err *err);

static int add_file(struct walk *walk, const struct stat *st, struct mh_err *err)
{
    struct mh_tree_file file = {
        .path = mh_arena_copy(&walk->tree->arena, mh_buf_text(&walk->path), walk->path.len),
        .size = st->st_size,
        .mtime_us = (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000,
    };
    return file.path == NULL ? no_memory(err) : add(walk->tree, &file, err);
}

static int enter(struct walk *walk, int folder, const char *name, const struct mh_ignore *set,
                 struct mh_err *err)
{
    if (walk->depth >= MH_TREE_DEPTH)
        return mh_err_set(err, MH_ELIMIT, "the tree is deeper than %d folders", MH_TREE_DEPTH);
    int fd = openat(folder, name, OPEN_FOLDER);
    if (fd < 0) {
        walk->tree->skipped++;
        return 0;
    }
    mh_buf_char(&walk->path, '/');
    walk->depth++;
    int r = walk_folder(walk, fd, set, err);
    walk->depth--;
    return r;
}

/* One entry; the path is as before afterwards. */
static int visit(struct walk *walk, int folder, const char *name, const struct mh_ignore *set,
                 struct mh_err *err)
{
    struct stat st;
    int r = 0;
    size_t len = walk->path.len;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, ".git") == 0) return 0;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return 0; /* gone meanwhile */
    mh_buf_str(&walk->path, name);
    if (mh_buf_failed(&walk->path)) {
        r = mh_err_set(err, MH_ELIMIT, "a path is longer than %d bytes", MH_TREE_PATH);
    } else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        walk->tree->skipped++;
    } else {
        enum mh_path_kind kind = S_ISDIR(st.st_mode) ? MH_PATH_FOLDER : MH_PATH_FILE;
        bool ignored = mh_ignore_matches(set, mh_buf_text(&walk->path), kind, &walk->budget);
        if (walk->budget < 0)
            r = mh_err_set(err, MH_ELIMIT, "the patterns of .gitignore are too much work");
        else if (!ignored && kind == MH_PATH_FOLDER)
            r = enter(walk, folder, name, set, err);
        else if (!ignored)
            r = add_file(walk, &st, err);
    }
    walk->path.len = len;
    if (walk->path.data != NULL) walk->path.data[len] = '\0';
    return r;
}

/* Takes `folder`. */
static int walk_folder(struct walk *walk, int folder, const struct mh_ignore *above,
                       struct mh_err *err)
{
    const struct mh_ignore *set = NULL;
    DIR *dir = fdopendir(folder);
    if (dir == NULL) {
        (void)close(folder); /* only read */
        return mh_err_sys(err, errno, "unable to read a folder of the tree");
    }
    int r = read_ignore(walk, folder, above, &set, err);
    for (struct dirent *entry; r == 0 && (entry = readdir(dir)) != NULL;)
        r = visit(walk, folder, entry->d_name, set, err);
    (void)closedir(dir); /* only read */
    return r;
}

int mh_tree_walk(struct mh_tree *tree, int root, struct mh_err *err)
{
    struct walk walk = {.tree = tree, .budget = IGNORE_BUDGET};
    init(tree, root);
    int fd = openat(root, ".", OPEN_FOLDER);
    if (fd < 0) return mh_err_sys(err, errno, "unable to read the project's folder");
    mh_buf_init(&walk.path, MH_TREE_PATH);
    int r = walk_folder(&walk, fd, NULL, err);
    mh_buf_release(&walk.path);
    if (r == 0) sort(tree);
    if (r < 0) mh_tree_release(tree);
    return r;
}

/* --- what git tracks */

/* A path that stays below the root: no empty part, none that is "." or "..". */
static bool is_inside(const char *path)
{
    if (*path == '\0' || strlen(path) > MH_TREE_PATH) return false;
    for (;;) {
        size_t len = strcspn(path, "/");
        if (len == 0 || (len == 1 && path[0] == '.') || (len == 2 && memcmp(path, "..", 2) == 0))
            return false;
        if (path[len] == '\0') return true;
        path += len + 1;
    }
}

/* "MODE HASH STAGE\tPATH" */
static int add_tracked(struct mh_tree *tree, const char *entry, struct mh_err *err)
{
    const char *tab = strchr(entry, '\t');
    size_t hash_len = strlen(entry) > 7 ? strspn(entry + 7, "0123456789abcdef") : 0;
    if (tab == NULL || hash_len < MH_BLOB_HEX || entry[6] != ' ' || entry[7 + hash_len] != ' ' ||
        !is_inside(tab + 1))
        return mh_err_set(err, MH_EINVAL, "unable to read git's list of files");
    if (memcmp(entry, "100", 3) != 0) {
        tree->skipped++; /* a link or a submodule */
        return 0;
    }
    struct mh_tree_file file = {
        .path = mh_arena_str(&tree->arena, tab + 1),
        .blob = mh_arena_copy(&tree->arena, entry + 7, MH_BLOB_HEX),
        .size = -1,
    };
    return file.path == NULL || file.blob == NULL ? no_memory(err) : add(tree, &file, err);
}

int mh_tree_tracked(struct mh_tree *tree, int root, const char *list, size_t len,
                    struct mh_err *err)
{
    int r = 0;
    init(tree, root);
    if (len > 0 && list[len - 1] != '\0')
        r = mh_err_set(err, MH_EINVAL, "git's list of files is cut off");
    for (size_t at = 0; r == 0 && at < len; at += strlen(list + at) + 1)
        r = add_tracked(tree, list + at, err);
    if (r == 0) sort(tree);
    if (r < 0) mh_tree_release(tree);
    return r;
}

/* --- reading */

/* A descriptor, or -1: there is no such file without following a link. */
static int open_beneath(int root, const char *path)
{
    char name[NAME_MAX + 1];
    int folder = dup(root);
    while (folder >= 0) {
        size_t len = strcspn(path, "/");
        if (len > NAME_MAX) break;
        memcpy(name, path, len);
        name[len] = '\0';
        int fd = openat(folder, name, path[len] == '/' ? OPEN_FOLDER : OPEN_FILE);
        (void)close(folder); /* only read */
        if (fd < 0 || path[len] == '\0') return fd;
        path += len + 1;
        folder = fd;
    }
    if (folder >= 0) (void)close(folder); /* only read */
    return -1;
}

static int read_content(int fd, struct mh_tree_file *file, struct mh_buf *content,
                        struct mh_err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) return MH_CONTENT_GONE;
    file->size = st.st_size;
    file->mtime_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    if ((uint64_t)st.st_size > content->max) return MH_CONTENT_LARGE;
    int r = mh_file_read_fd(fd, "a file of the tree", content, err);
    if (r == MH_ELIMIT) return MH_CONTENT_LARGE; /* it grew */
    if (r == MH_EIO) return MH_CONTENT_GONE;
    if (r < 0) return r;
    bool binary = content->len > 0 && memchr(content->data, '\0', content->len) != NULL;
    return binary ? MH_CONTENT_BINARY : MH_CONTENT_TEXT;
}

int mh_tree_read(const struct mh_tree *tree, struct mh_tree_file *file, struct mh_buf *content,
                 struct mh_err *err)
{
    mh_buf_reset(content);
    int fd = open_beneath(tree->root, file->path);
    if (fd < 0) return MH_CONTENT_GONE;
    int r = read_content(fd, file, content, err);
    (void)close(fd); /* only read */
    return r;
}
