#include "jobs/git.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "jobs/gitrun.h"

#define PATH_BYTES 4096

#define ASK_MS 60000

#define LIST_MAX ((size_t)256 << 20) /* bytes of a list of files */

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to clone: out of memory");
}

static int64_t limit_of(int64_t given, int64_t fallback)
{
    return given > 0 ? given : fallback;
}

/* --- what is fetched */

/* A pack grows in one folder. */
static int check_fetched(void *arg, struct mh_err *err)
{
    struct mh_git *git = arg;
    char path[PATH_BYTES];
    int64_t bytes = 0, max = limit_of(git->limits.fetched_bytes, MH_GIT_FETCHED_BYTES);
    int len = snprintf(path, sizeof path, "%s/.git/objects/pack", git->tree);
    DIR *dir = len < (int)sizeof path ? opendir(path) : NULL;
    if (dir == NULL) return 0; /* not yet */
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat info;
        if (fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(info.st_mode))
            bytes += info.st_size;
    }
    (void)closedir(dir); /* read only */
    if (bytes <= max) return 0;
    return mh_err_set(err, MH_ELIMIT, "the repository is larger than %" PRId64 " MiB", max >> 20);
}

/* For a folder of this machine it is we who run its side: filters are off there unless asked for.
 */
static const char upload_pack[] = "--upload-pack=git -c uploadpack.allowFilter=true upload-pack";

/* Where the server knows no filters git says so, and fetches all. */
static const char filter[] = "--filter=blob:none";

static int fetch(struct mh_git *git, struct mh_err *err)
{
    const char *ref = git->project->ref, *url = git->project->url;
    const char *args[20] = {"clone",     "--quiet",       "--depth=1",   "--single-branch",
                            "--no-tags", "--no-checkout", "--template=", "--no-recurse-submodules"};
    size_t count = 8;
    if (git->url.kind == MH_GITURL_LOCAL && url[0] == '/') {
        url = mh_gitrun_join(&git->job->arena, "file", "://", url); /* or it would not be shallow */
        if (url == NULL) return no_memory(err);
    }
    if (git->limits.blobs_later) args[count++] = filter;
    if (git->limits.blobs_later && git->url.kind == MH_GITURL_LOCAL) args[count++] = upload_pack;
    if (ref != NULL) {
        args[count++] = "--branch";
        args[count++] = ref;
    }
    args[count++] = "--";
    args[count++] = url;
    args[count] = git->tree;
    int r = mh_gitrun(git, args, NULL, check_fetched, err);
    return r < 0 ? r : check_fetched(git, err); /* what came between two looks */
}

/* Of what git prints, whether a line begins with ?, as those of what is missing do. */
static int look_for_missing(void *arg, const char *bytes, size_t len, struct mh_err *err)
{
    struct mh_git *git = arg;
    (void)err;
    if (memchr(bytes, '?', len) != NULL) git->lacks_blobs = true;
    return 0;
}

/* Each entry ends with a NUL. */
static int count_entries(void *arg, const char *bytes, size_t len, struct mh_err *err)
{
    struct mh_git *git = arg;
    int64_t max_files = limit_of(git->limits.tree_files, MH_GIT_TREE_FILES);
    for (size_t i = 0; i < len; i++)
        git->tree_files += bytes[i] == '\0';
    if (git->tree_files <= max_files) return 0;
    return mh_err_set(err, MH_ELIMIT, "the tree has more than %" PRId64 " files", max_files);
}

/* A few trees in each other may be billions of files: so they are counted as git names them, before
 * it makes a list of them. */
static int list_tree(struct mh_git *git, struct mh_err *err)
{
    const char *const count[] = {"-C", git->tree,     "ls-tree", "-r",
                                 "-z", "--name-only", "HEAD",    NULL};
    const char *const read_tree[] = {"-C", git->tree, "read-tree", "HEAD", NULL};
    int r = mh_gitrun(git, count, count_entries, NULL, err);
    return r < 0 ? r : mh_gitrun(git, read_tree, NULL, NULL, err);
}

/* Whether the server left out what it was asked to leave out. */
static int look_what_came(struct mh_git *git, struct mh_err *err)
{
    const char *const args[] = {
        "-C",   git->tree, "rev-list", "--objects", "--no-object-names", "--missing=print",
        "HEAD", NULL};
    return git->limits.blobs_later ? mh_gitrun(git, args, look_for_missing, NULL, err) : 0;
}

static int fetch_blobs(struct mh_git *git, struct mh_err *err)
{
    const char *args[] = {"-c",        "fetch.negotiationAlgorithm=noop",
                          "-C",        git->tree,
                          "fetch",     "--quiet",
                          "--no-tags", "--no-write-fetch-head",
                          filter,      "--no-recurse-submodules",
                          "--stdin",   "origin",
                          NULL,        NULL};
    if (git->url.kind == MH_GITURL_LOCAL) {
        args[11] = upload_pack;
        args[12] = "origin";
    }
    mh_gitrun_let_out(git);
    int r = mh_gitrun(git, args, NULL, check_fetched, err);
    mh_gitrun_keep_in(git);
    return r < 0 ? r : check_fetched(git, err);
}

/* --- what is checked out */

static int keep_output(void *arg, const char *bytes, size_t len, struct mh_err *err)
{
    struct mh_git *git = arg;
    mh_buf_append(git->output, bytes, len);
    return mh_buf_failed(git->output) ? mh_err_set(err, MH_EIO, "git says too much") : 0;
}

/* The commit that a line begins with. */
static int read_commit(const char *text, char ret_commit[MH_COMMIT_MAX + 1])
{
    size_t len = strspn(text, "0123456789abcdef");
    if (len < 40 || len > MH_COMMIT_MAX) return MH_ENOENT;
    memcpy(ret_commit, text, len);
    ret_commit[len] = '\0';
    return 0;
}

static int find_commit(struct mh_git *git, char ret_commit[MH_COMMIT_MAX + 1], struct mh_err *err)
{
    const char *const args[] = {"-C",      git->tree,       "rev-parse", "--verify",
                                "--quiet", "HEAD^{commit}", NULL};
    struct mh_buf text;
    struct mh_err why;
    mh_buf_init(&text, 256);
    git->output = &text;
    int r = mh_gitrun(git, args, keep_output, NULL, &why);
    if (r == 0) r = read_commit(mh_buf_text(&text), ret_commit);
    mh_buf_release(&text);
    if (r == MH_ECANCELED || r == MH_ETIMEOUT)
        *err = why;
    else if (r < 0)
        r = mh_err_set(err, MH_ENOENT, "the repository has no commit yet");
    return r;
}

/* A line is the size of a blob, or says that it is missing, which counts as nothing. */
static int count_blob(struct mh_git *git, struct mh_err *err)
{
    int64_t max_bytes = limit_of(git->limits.tree_bytes, MH_GIT_TREE_BYTES);
    git->tree_bytes += strtoll(git->size, NULL, 10);
    if (git->tree_bytes <= max_bytes) return 0;
    return mh_err_set(err, MH_ELIMIT, "the tree is larger than %" PRId64 " MiB", max_bytes >> 20);
}

static int read_sizes(void *arg, const char *bytes, size_t len, struct mh_err *err)
{
    struct mh_git *git = arg;
    for (size_t i = 0; i < len; i++) {
        size_t have = strlen(git->size);
        if (bytes[i] != '\n') {
            if (have + 1 < sizeof git->size) git->size[have] = bytes[i];
            continue;
        }
        int r = count_blob(git, err);
        if (r < 0) return r;
        memset(git->size, 0, sizeof git->size);
    }
    return 0;
}

/* A file, without a name, that git reads as its standard input. */
static int write_input(const struct mh_git *git, const struct mh_buf *text, int *ret_fd,
                       struct mh_err *err)
{
    int fd = open(git->folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (fd < 0) return mh_err_sys(err, errno, "unable to make a file in %s", git->folder);
    for (size_t at = 0; at < text->len;) {
        ssize_t n = write(fd, text->data + at, text->len - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            int r = mh_err_sys(err, errno, "unable to write a list of files");
            (void)close(fd); /* of no use any more */
            return r;
        }
        at += (size_t)n;
    }
    *ret_fd = fd;
    return 0;
}

/* Runs one of the steps below with `text` as its input. */
static int with_input(struct mh_git *git, const struct mh_buf *text,
                      int (*step)(struct mh_git *, struct mh_err *), struct mh_err *err)
{
    if (mh_buf_failed(text)) return no_memory(err);
    int r = write_input(git, text, &git->input, err);
    if (r < 0) return r;
    if (lseek(git->input, 0, SEEK_SET) == 0) r = step(git, err);
    (void)close(git->input); /* it has been read */
    git->input = 0;
    return r;
}

/* A small pack may hold a large tree: so that is measured before it is written. */
static int measure(struct mh_git *git, struct mh_err *err)
{
    const char *const args[] = {"-C",       git->tree, "cat-file", "--batch-check=%(objectsize)",
                                "--buffer", NULL};
    return mh_gitrun(git, args, read_sizes, NULL, err);
}

static int check_out(struct mh_git *git, struct mh_err *err)
{
    const char *const args[] = {"-C",      git->tree, "checkout-index", "--quiet",
                                "--force", "-z",      "--stdin",        NULL};
    return mh_gitrun(git, args, NULL, NULL, err);
}

int mh_git_bring(struct mh_git *git, const struct mh_tree_file *const *files, size_t count,
                 struct mh_err *err)
{
    struct mh_buf blobs, paths;
    if (count == 0) return 0;
    mh_buf_init(&blobs, LIST_MAX);
    mh_buf_init(&paths, LIST_MAX);
    for (size_t i = 0; i < count; i++) {
        mh_buf_printf(&blobs, "%s\n", files[i]->blob);
        mh_buf_append(&paths, files[i]->path, strlen(files[i]->path) + 1);
    }
    int r = git->lacks_blobs ? with_input(git, &blobs, fetch_blobs, err) : 0;
    if (r == 0) r = with_input(git, &blobs, measure, err);
    if (r == 0) r = with_input(git, &paths, check_out, err);
    mh_buf_release(&blobs);
    mh_buf_release(&paths);
    return r < 0 ? mh_err_prefix(err, r, "unable to clone project %s", git->project->name) : 0;
}

/* --- from outside */

int mh_git_clone(struct mh_job_context *job, const struct mh_project *project,
                 const struct mh_git_limits *limits, const char *folder, struct mh_git **ret_git,
                 char ret_commit[MH_COMMIT_MAX + 1], struct mh_err *err)
{
    int64_t timeout_ms = limit_of(limits->timeout_ms, MH_GIT_TIMEOUT_MS);
    struct mh_git *git = mh_arena_alloc(&job->arena, sizeof *git);
    if (git == NULL) return no_memory(err);
    *git = (struct mh_git){.job = job,
                           .project = project,
                           .limits = *limits,
                           .folder = folder,
                           .tree = mh_gitrun_join(&job->arena, folder, "/", "tree"),
                           .deadline_us = mh_clock_mono_us() + timeout_ms * 1000};
    if (git->tree == NULL) return no_memory(err);
    int r = mh_gitrun_open(git, err);
    if (r == 0) r = fetch(git, err);
    mh_gitrun_keep_in(git);
    if (r == 0) r = find_commit(git, ret_commit, err);
    if (r == 0) r = list_tree(git, err);
    if (r == 0) r = look_what_came(git, err);
    if (r == 0) {
        *ret_git = git;
        return 0;
    }
    mh_gitrun_forget(git);
    return mh_err_prefix(err, r, "unable to clone project %s", project->name);
}

void mh_git_close(struct mh_git *git)
{
    if (git != NULL) mh_gitrun_forget(git);
}

/* Of a tag that is an object of its own the commit is in the line after it, under NAME^{}; of the
 * lines that are asked for, a branch comes before a tag. */
static int ask_newest(struct mh_git *git, struct mh_buf *text, struct mh_err *err)
{
    struct mh_arena *arena = &git->job->arena;
    const char *ref = git->project->ref;
    const char *branch = ref != NULL ? mh_gitrun_join(arena, "refs/heads/", ref, "") : "HEAD";
    const char *args[] = {"ls-remote", "--quiet", "--exit-code", "--", git->project->url,
                          branch,      NULL,      NULL,          NULL};
    if (ref != NULL) {
        args[6] = mh_gitrun_join(arena, "refs/tags/", ref, "^{}");
        args[7] = mh_gitrun_join(arena, "refs/tags/", ref, "");
        if (args[6] == NULL || args[7] == NULL) return no_memory(err);
    }
    if (branch == NULL) return no_memory(err);
    git->output = text;
    return mh_gitrun(git, args, keep_output, NULL, err);
}

int mh_git_newest(struct mh_job_context *job, const struct mh_project *project,
                  char ret_commit[MH_COMMIT_MAX + 1], struct mh_err *err)
{
    struct mh_buf text;
    struct mh_git git = {.job = job,
                         .project = project,
                         .folder = "/nonexistent",
                         .deadline_us = mh_clock_mono_us() + ASK_MS * INT64_C(1000)};
    mh_buf_init(&text, 4096);
    int r = mh_gitrun_open(&git, err);
    if (r == 0) r = ask_newest(&git, &text, err);
    mh_gitrun_forget(&git);
    if (r == 0) {
        const char *peeled = strstr(mh_buf_text(&text), "^{}\n"), *line = peeled;
        while (line != NULL && line > text.data && line[-1] != '\n')
            line--;
        bool is_branch = strstr(mh_buf_text(&text), "refs/heads/") != NULL;
        r = read_commit(line != NULL && !is_branch ? line : mh_buf_text(&text), ret_commit);
        if (r < 0) r = mh_err_set(err, r, "the repository has no commit yet");
    }
    mh_buf_release(&text);
    return r < 0 ? mh_err_prefix(err, r, "unable to ask after project %s", project->name) : 0;
}

int mh_git_tracked(struct mh_git *git, struct mh_buf *list, struct mh_err *err)
{
    const char *const args[] = {"-C", git->tree, "ls-files", "-s", "-z", NULL};
    git->output = list;
    return mh_gitrun(git, args, keep_output, NULL, err);
}
