#include "jobs/git.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "jobs/askpass.h"
#include "jobs/credential.h"
#include "jobs/githost.h"
#include "jobs/program.h"
#include "queue/giturl.h"

#define ENV_MAX    40
#define ARGS_MAX   56
#define PATH_BYTES 4096

#define ASK_MS 60000

/* Asks nobody, and does not wait for a host that is silent. */
#define SSH "ssh -o BatchMode=yes -o ConnectTimeout=30"

/* One clone. */
struct clone {
    struct mh_job_context *job;
    const struct mh_project *project;
    struct mh_git_limits limits;
    struct mh_giturl url;
    const char *folder, *tree; /* tree: in the folder, where it is checked out */
    const char *env[ENV_MAX + 1];
    size_t env_count;
    struct mh_githost host; /* without an address: git finds it by itself */
    const char *resolve;    /* … and what it is told of it over https; NULL: nothing */
    char *token;            /* in the arena, MH_TOKEN_MAX and more; NULL: none */
    size_t token_size;
    char *token_entry; /* of the environment, with the token in it; NULL: none */
    int64_t deadline_us;
    struct mh_buf *output; /* of what is read whole */
    char size[32];         /* of the entry of the tree that is being read */
    int64_t tree_bytes, tree_files;
};

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to clone: out of memory");
}

/* --- the environment */

static char *join(struct mh_arena *arena, const char *a, const char *b, const char *c)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = mh_arena_alloc(arena, size);
    if (text != NULL) (void)snprintf(text, size, "%s%s%s", a, b, c); /* sized for it */
    return text;
}

static bool put(struct clone *clone, const char *name, const char *value)
{
    const char *entry = join(&clone->job->arena, name, "=", value);
    if (entry == NULL || clone->env_count == ENV_MAX) return false;
    clone->env[clone->env_count++] = entry;
    return true;
}

static bool pass_on(struct clone *clone, const char *name)
{
    const char *value = getenv(name);
    return value == NULL || put(clone, name, value);
}

static const char *const protocols[] = {
    [MH_GITURL_HTTPS] = "https",
    [MH_GITURL_HTTP] = "http",
    [MH_GITURL_SSH] = "ssh",
    [MH_GITURL_LOCAL] = "file",
};

/* HOME is where git, curl and ssh find nothing of anybody's. */
static int make_env(struct clone *clone, struct mh_err *err)
{
    static const char *const passed[] = {
        "PATH",          "https_proxy",  "HTTPS_PROXY",    "no_proxy",      "NO_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "SSH_AUTH_SOCK",
    };
    bool fits = put(clone, "HOME", clone->folder) && put(clone, "LC_ALL", "C") &&
                put(clone, "GIT_CONFIG_NOSYSTEM", "1") &&
                put(clone, "GIT_CONFIG_GLOBAL", "/dev/null") &&
                put(clone, "GIT_ATTR_NOSYSTEM", "1") && put(clone, "GIT_TERMINAL_PROMPT", "0") &&
                put(clone, "GIT_OPTIONAL_LOCKS", "0") && put(clone, "GIT_LFS_SKIP_SMUDGE", "1") &&
                put(clone, "GIT_ALLOW_PROTOCOL", protocols[clone->url.kind]);
    for (size_t i = 0; fits && i < MH_LEN(passed); i++)
        fits = pass_on(clone, passed[i]);
    return fits ? 0 : no_memory(err);
}

static bool has_proxy(void)
{
    return getenv("https_proxy") != NULL || getenv("HTTPS_PROXY") != NULL;
}

/* Whether the URL is somebody's who must not reach what only this machine can. */
static bool is_kept_outside(const struct clone *clone)
{
    const struct mh_settings *settings = clone->job->settings;
    if (settings->allow_private_projects != 0 || settings->allow_local_projects != 0) return false;
    return clone->url.kind == MH_GITURL_SSH || (clone->url.kind == MH_GITURL_HTTPS && !has_proxy());
}

static int keep_outside(struct clone *clone, struct mh_err *err)
{
    struct mh_arena *arena = &clone->job->arena;
    int r = mh_githost_find(&clone->url, arena, &clone->host, err);
    if (r < 0 || clone->url.kind != MH_GITURL_HTTPS) return r;
    clone->resolve = mh_githost_resolve(&clone->host, arena);
    return clone->resolve != NULL ? 0 : no_memory(err);
}

/* A shell reads this: the path comes by the environment, so that none of its bytes means more. */
static int put_ssh(struct clone *clone, struct mh_err *err)
{
    struct mh_arena *arena = &clone->job->arena;
    const char *path = clone->job->settings->ssh_config;
    const char *config = path != NULL ? " -F \"$PROJECT_SSH_CONFIG\"" : "";
    const char *keep = clone->host.count > 0 ? mh_githost_ssh(&clone->host, arena) : "";
    const char *command = keep != NULL ? join(arena, SSH, keep, config) : NULL;
    bool fits = command != NULL && put(clone, "GIT_SSH_COMMAND", command) &&
                (path == NULL || put(clone, "PROJECT_SSH_CONFIG", path));
    return fits ? 0 : no_memory(err);
}

/* git is given the way to this program and the answers that it will ask for. */
static int put_answers(struct clone *clone, const char *username, struct mh_err *err)
{
    char program[64];
    const char *scheme = protocols[clone->url.kind];
    const char *place = join(&clone->job->arena, scheme, "://", clone->url.host);
    (void)snprintf(program, sizeof program, "/proc/%d/exe", (int)getpid()); /* fits any pid */
    clone->token_entry = join(&clone->job->arena, MH_ASKPASS_TOKEN, "=", clone->token);
    if (place == NULL || clone->token_entry == NULL || clone->env_count == ENV_MAX)
        return no_memory(err);
    clone->env[clone->env_count++] = clone->token_entry;
    bool fits = put(clone, "GIT_ASKPASS", program) && put(clone, MH_ASKPASS_USERNAME, username) &&
                put(clone, MH_ASKPASS_PLACE, place);
    return fits ? 0 : no_memory(err);
}

/* Nothing after the clone has use for the token. */
static void drop_token(struct clone *clone)
{
    if (clone->token != NULL) mh_seal_wipe(clone->token, clone->token_size);
    if (clone->token_entry == NULL) return;
    mh_seal_wipe(clone->token_entry, strlen(clone->token_entry));
    size_t kept = 0;
    for (size_t i = 0; i < clone->env_count; i++)
        if (clone->env[i] != clone->token_entry) clone->env[kept++] = clone->env[i];
    clone->env[kept] = NULL;
    clone->env_count = kept;
    clone->token_entry = NULL;
}

/* --- the credential */

struct opening {
    struct clone *clone;
    const struct mh_seal *seal;
    int code;
    struct mh_err err;
};

/* The reply is gone after this: so it is opened here. */
static void take_credential(void *arg, const struct mh_reply *reply)
{
    struct opening *opening = arg;
    struct clone *clone = opening->clone;
    const struct mh_credential *credential = &reply->credentials[0];
    if (credential->host != NULL && strcasecmp(credential->host, clone->url.host) != 0) {
        opening->code =
            mh_err_set(&opening->err, MH_EPERM, "credential %s is not for the host of this URL",
                       credential->name);
        return;
    }
    opening->code = mh_credential_open(opening->seal, credential, clone->token, &opening->err);
    if (opening->code == 0) opening->code = put_answers(clone, credential->username, &opening->err);
}

static int use_credential(struct clone *clone, const struct mh_seal *seal, struct mh_err *err)
{
    struct mh_job_context *job = clone->job;
    clone->token_size = MH_TOKEN_MAX + MH_SEAL_EXTRA + 1;
    clone->token = mh_arena_alloc(&job->arena, clone->token_size);
    if (clone->token == NULL) return no_memory(err);
    struct opening opening = {.clone = clone, .seal = seal};
    struct mh_call call = {.use = take_credential, .arg = &opening};
    int r = mh_store_credential_use(job->sync.store, &job->id, clone->project->credential,
                                    mh_call_done, &call, err);
    r = mh_sync_await(&job->sync, r, &call, err);
    if (r == 0 && opening.code < 0) {
        *err = opening.err;
        r = opening.code;
    }
    return r;
}

static int open_credential(struct clone *clone, struct mh_err *err)
{
    struct mh_seal seal = {0};
    if (clone->project->credential == NULL) return 0;
    if (clone->url.kind != MH_GITURL_HTTPS && clone->url.kind != MH_GITURL_HTTP)
        return mh_err_set(err, MH_EINVAL, "a credential is for https://, and this URL is not");
    int r = mh_job_store(clone->job, err);
    if (r == 0) r = mh_credential_keys(clone->job->settings, &seal, err);
    if (r == 0) r = use_credential(clone, &seal, err);
    mh_seal_close(&seal);
    return r;
}

/* --- running git */

static int64_t limit_of(int64_t given, int64_t fallback)
{
    return given > 0 ? given : fallback;
}

/* What git says of why it cannot, and whether there is use in trying again. */
static const struct {
    const char *words;
    int code;
    const char *mend; /* NULL: the words say it */
} complaints[] = {
    {"Authentication failed", MH_EPERM, NULL},
    {"could not read Username", MH_EPERM, NULL},
    {"could not read Password", MH_EPERM, NULL},
    {"Permission denied (publickey", MH_EPERM, "it lets in none of the keys of the worker's ssh"},
    {"Permission denied", MH_EPERM, NULL},
    {"dubious ownership", MH_EPERM, NULL},
    {"Host key verification failed", MH_EPERM,
     "the worker's ssh does not know this key: add it to its known hosts, as by ssh-keyscan"},
    {"returned error: 30", MH_EPERM, NULL}, /* it is moved, and that is not followed */
    {"not found in upstream", MH_ENOENT, NULL},
    {"not found", MH_ENOENT, NULL},
    {"does not exist", MH_ENOENT, NULL},
    {"does not appear to be a git repository", MH_ENOENT, NULL},
};

/* What git says behind every complaint of ssh. */
static bool is_phrase(const char *line)
{
    static const char *const phrases[] = {
        "fatal: Could not read from remote repository.",
        "Please make sure you have the correct access rights",
        "and the repository exists.",
    };
    for (size_t i = 0; i < MH_LEN(phrases); i++)
        if (strcmp(line, phrases[i]) == 0) return true;
    return false;
}

static int complain(int status, const char *last, struct mh_err *err)
{
    if (WIFSIGNALED(status))
        return mh_err_set(err, MH_EIO, "git ended by signal %d", WTERMSIG(status));
    for (size_t i = 0; i < MH_LEN(complaints); i++) {
        if (strstr(last, complaints[i].words) == NULL) continue;
        const char *mend = complaints[i].mend;
        return mend != NULL ? mh_err_set(err, complaints[i].code, "git: %.400s (%s)", last, mend)
                            : mh_err_set(err, complaints[i].code, "git: %.400s", last);
    }
    return mh_err_set(err, MH_EIO, "git: %.400s", last[0] != '\0' ? last : "it says not why");
}

/* To another host only before the credential was asked for, which is asked for again there. */
#define REDIRECTS "http.followRedirects=initial"

/* What no repository and no configuration may change. */
static const char *const always[] = {
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "credential.helper=",
    "-c", "submodule.recurse=false",
    "-c", "safe.bareRepository=explicit",
    "-c", "core.protectHFS=true",
    "-c", "core.protectNTFS=true",
    "-c", "advice.detachedHead=false",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "pack.threads=1",
    "-c", "core.askPass=",
};

/* Runs git with what is always set and then `args`. */
static int run_git(struct clone *clone, const char *const *args,
                   int (*output)(void *, const char *, size_t, struct mh_err *),
                   int (*tick)(void *, struct mh_err *), struct mh_err *err)
{
    const char *argv[ARGS_MAX] = {"git"};
    size_t count = 1;
    char last[MH_PROGRAM_LINE + 1];
    int status = 0;
    for (size_t i = 0; i < MH_LEN(always); i++)
        argv[count++] = always[i];
    argv[count++] = "-c";
    argv[count++] = clone->resolve != NULL ? "http.followRedirects=false" : REDIRECTS;
    if (clone->resolve != NULL) {
        argv[count++] = "-c";
        argv[count++] = clone->resolve;
    }
    for (size_t i = 0; args[i] != NULL && count + 1 < ARGS_MAX; i++)
        argv[count++] = args[i];
    argv[count] = NULL;
    const struct mh_program program = {.argv = argv,
                                       .env = clone->env,
                                       .deadline_us = clone->deadline_us,
                                       .is_phrase = is_phrase,
                                       .secret = clone->token_entry != NULL ? clone->token : NULL,
                                       .output = output,
                                       .tick = tick,
                                       .arg = clone};
    int r = mh_program_run(&program, &status, last, err);
    if (r < 0) return r;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : complain(status, last, err);
}

/* --- what is fetched */

/* A pack grows in one folder. */
static int check_fetched(void *arg, struct mh_err *err)
{
    struct clone *clone = arg;
    char path[PATH_BYTES];
    int64_t bytes = 0, max = limit_of(clone->limits.fetched_bytes, MH_GIT_FETCHED_BYTES);
    int len = snprintf(path, sizeof path, "%s/.git/objects/pack", clone->tree);
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

static int fetch(struct clone *clone, struct mh_err *err)
{
    const char *ref = clone->project->ref, *url = clone->project->url;
    const char *args[16] = {"clone",     "--quiet",       "--depth=1",   "--single-branch",
                            "--no-tags", "--no-checkout", "--template=", "--no-recurse-submodules"};
    size_t count = 8;
    if (clone->url.kind == MH_GITURL_LOCAL && url[0] == '/') {
        url = join(&clone->job->arena, "file", "://", url); /* or it would not be shallow */
        if (url == NULL) return no_memory(err);
    }
    if (ref != NULL) {
        args[count++] = "--branch";
        args[count++] = ref;
    }
    args[count++] = "--";
    args[count++] = url;
    args[count] = clone->tree;
    int r = run_git(clone, args, NULL, check_fetched, err);
    return r < 0 ? r : check_fetched(clone, err); /* what came between two looks */
}

/* --- what is checked out */

static int keep_output(void *arg, const char *bytes, size_t len, struct mh_err *err)
{
    struct clone *clone = arg;
    mh_buf_append(clone->output, bytes, len);
    return mh_buf_failed(clone->output) ? mh_err_set(err, MH_EIO, "git says too much") : 0;
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

static int find_commit(struct clone *clone, char ret_commit[MH_COMMIT_MAX + 1], struct mh_err *err)
{
    const char *const args[] = {"-C",      clone->tree,     "rev-parse", "--verify",
                                "--quiet", "HEAD^{commit}", NULL};
    struct mh_buf text;
    struct mh_err why;
    mh_buf_init(&text, 256);
    clone->output = &text;
    int r = run_git(clone, args, keep_output, NULL, &why);
    if (r == 0) r = read_commit(mh_buf_text(&text), ret_commit);
    mh_buf_release(&text);
    if (r == MH_ECANCELED || r == MH_ETIMEOUT)
        *err = why;
    else if (r < 0)
        r = mh_err_set(err, MH_ENOENT, "the repository has no commit yet");
    return r;
}

static int count_entry(struct clone *clone, struct mh_err *err)
{
    int64_t max_bytes = limit_of(clone->limits.tree_bytes, MH_GIT_TREE_BYTES);
    int64_t max_files = limit_of(clone->limits.tree_files, MH_GIT_TREE_FILES);
    clone->tree_files++;
    clone->tree_bytes += strtoll(clone->size, NULL, 10);
    if (clone->tree_files > max_files)
        return mh_err_set(err, MH_ELIMIT, "the tree has more than %" PRId64 " files", max_files);
    if (clone->tree_bytes > max_bytes)
        return mh_err_set(err, MH_ELIMIT, "the tree is larger than %" PRId64 " MiB",
                          max_bytes >> 20);
    return 0;
}

/* Of each entry, which a NUL ends, the number in front is its size in bytes: the format is ours. */
static int read_entries(void *arg, const char *bytes, size_t len, struct mh_err *err)
{
    struct clone *clone = arg;
    for (size_t i = 0; i < len; i++) {
        size_t have = strlen(clone->size);
        if (bytes[i] != '\0') {
            if (have + 1 < sizeof clone->size) clone->size[have] = bytes[i];
            continue;
        }
        int r = count_entry(clone, err);
        if (r < 0) return r;
        memset(clone->size, 0, sizeof clone->size);
    }
    return 0;
}

/* A small pack may hold a large tree: so that is measured before it is written. */
static int check_out(struct clone *clone, struct mh_err *err)
{
    const char *const list[] = {
        "-C", clone->tree, "ls-tree", "-r", "-z", "--format=%(objectsize)", "HEAD", NULL};
    const char *const check_out[] = {"-C",   clone->tree, "checkout", "--quiet", "--force",
                                     "HEAD", "--",        ".",        NULL};
    int r = run_git(clone, list, read_entries, NULL, err);
    if (r < 0 || clone->tree_files == 0) return r;
    return run_git(clone, check_out, NULL, NULL, err);
}

/* --- from outside */

static int begin(struct clone *clone, struct mh_err *err)
{
    const struct mh_project *project = clone->project;
    bool allow_local = clone->job->settings->allow_local_projects != 0;
    int r = mh_giturl_check(project->url, allow_local, &clone->url, err);
    if (r == 0 && project->ref != NULL) r = mh_giturl_check_ref(project->ref, err);
    if (r == 0) r = make_env(clone, err);
    if (r == 0 && is_kept_outside(clone)) r = keep_outside(clone, err);
    if (r == 0) r = put_ssh(clone, err);
    return r == 0 ? open_credential(clone, err) : r;
}

int mh_git_clone(struct mh_job_context *job, const struct mh_project *project,
                 const struct mh_git_limits *limits, const char *folder,
                 char ret_commit[MH_COMMIT_MAX + 1], struct mh_err *err)
{
    int64_t timeout_ms = limit_of(limits->timeout_ms, MH_GIT_TIMEOUT_MS);
    struct clone clone = {.job = job,
                          .project = project,
                          .limits = *limits,
                          .folder = folder,
                          .tree = join(&job->arena, folder, "/", "tree"),
                          .deadline_us = mh_clock_mono_us() + timeout_ms * 1000};
    if (clone.tree == NULL) return no_memory(err);
    int r = begin(&clone, err);
    if (r == 0) r = fetch(&clone, err);
    drop_token(&clone);
    if (r == 0) r = find_commit(&clone, ret_commit, err);
    if (r == 0) r = check_out(&clone, err);
    return r < 0 ? mh_err_prefix(err, r, "unable to clone project %s", project->name) : 0;
}

/* Of a tag that is an object of its own the commit is in the line after it, under NAME^{}; of the
 * lines that are asked for, a branch comes before a tag. */
static int ask_newest(struct clone *clone, struct mh_buf *text, struct mh_err *err)
{
    struct mh_arena *arena = &clone->job->arena;
    const char *ref = clone->project->ref;
    const char *branch = ref != NULL ? join(arena, "refs/heads/", ref, "") : "HEAD";
    const char *args[] = {"ls-remote", "--quiet", "--exit-code", "--", clone->project->url,
                          branch,      NULL,      NULL,          NULL};
    if (ref != NULL) {
        args[6] = join(arena, "refs/tags/", ref, "^{}");
        args[7] = join(arena, "refs/tags/", ref, "");
        if (args[6] == NULL || args[7] == NULL) return no_memory(err);
    }
    if (branch == NULL) return no_memory(err);
    clone->output = text;
    return run_git(clone, args, keep_output, NULL, err);
}

int mh_git_newest(struct mh_job_context *job, const struct mh_project *project,
                  char ret_commit[MH_COMMIT_MAX + 1], struct mh_err *err)
{
    struct mh_buf text;
    struct clone clone = {.job = job,
                          .project = project,
                          .folder = "/nonexistent",
                          .deadline_us = mh_clock_mono_us() + ASK_MS * INT64_C(1000)};
    mh_buf_init(&text, 4096);
    int r = begin(&clone, err);
    if (r == 0) r = ask_newest(&clone, &text, err);
    drop_token(&clone);
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

int mh_git_tracked(struct mh_job_context *job, const char *folder, struct mh_buf *list,
                   struct mh_err *err)
{
    struct clone clone = {.job = job,
                          .folder = folder,
                          .url = {.kind = MH_GITURL_LOCAL},
                          .tree = join(&job->arena, folder, "/", "tree"),
                          .output = list,
                          .deadline_us = mh_clock_mono_us() + ASK_MS * INT64_C(1000)};
    if (clone.tree == NULL) return no_memory(err);
    const char *const args[] = {"-C", clone.tree, "ls-files", "-s", "-z", NULL};
    int r = make_env(&clone, err);
    return r == 0 ? run_git(&clone, args, keep_output, NULL, err) : r;
}
