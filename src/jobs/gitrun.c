#include "jobs/gitrun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobs/askpass.h"
#include "jobs/credential.h"
#include "jobs/program.h"

#define ARGS_MAX 56

/* Asks nobody, and does not wait for a host that is silent. */
#define SSH "ssh -o BatchMode=yes -o ConnectTimeout=30"

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to clone: out of memory");
}

/* --- the environment */

char *mh_gitrun_join(struct mh_arena *arena, const char *a, const char *b, const char *c)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = mh_arena_alloc(arena, size);
    if (text != NULL) (void)snprintf(text, size, "%s%s%s", a, b, c); /* sized for it */
    return text;
}

static bool put(struct mh_git *git, const char *name, const char *value)
{
    const char *entry = mh_gitrun_join(&git->job->arena, name, "=", value);
    if (entry == NULL || git->env_count == MH_GITRUN_ENV) return false;
    git->env[git->env_count++] = entry;
    return true;
}

static bool pass_on(struct mh_git *git, const char *name)
{
    const char *value = getenv(name);
    return value == NULL || put(git, name, value);
}

static const char *const protocols[] = {
    [MH_GITURL_HTTPS] = "https",
    [MH_GITURL_HTTP] = "http",
    [MH_GITURL_SSH] = "ssh",
    [MH_GITURL_LOCAL] = "file",
};

/* HOME is where git, curl and ssh find nothing of anybody's. */
static int make_env(struct mh_git *git, struct mh_err *err)
{
    static const char *const passed[] = {
        "PATH",          "https_proxy",  "HTTPS_PROXY",    "no_proxy",      "NO_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "SSH_AUTH_SOCK",
    };
    bool fits = put(git, "HOME", git->folder) && put(git, "LC_ALL", "C") &&
                put(git, "GIT_CONFIG_NOSYSTEM", "1") &&
                put(git, "GIT_CONFIG_GLOBAL", "/dev/null") && put(git, "GIT_ATTR_NOSYSTEM", "1") &&
                put(git, "GIT_TERMINAL_PROMPT", "0") && put(git, "GIT_OPTIONAL_LOCKS", "0") &&
                put(git, "GIT_LFS_SKIP_SMUDGE", "1") && put(git, "GIT_NO_LAZY_FETCH", "1");
    git->protocol_at = git->env_count;
    fits = fits && put(git, "GIT_ALLOW_PROTOCOL", protocols[git->url.kind]);
    git->protocol = fits ? git->env[git->protocol_at] : NULL;
    for (size_t i = 0; fits && i < MH_LEN(passed); i++)
        fits = pass_on(git, passed[i]);
    return fits ? 0 : no_memory(err);
}

void mh_gitrun_keep_in(struct mh_git *git)
{
    if (git->protocol != NULL) git->env[git->protocol_at] = "GIT_ALLOW_PROTOCOL=";
}

void mh_gitrun_let_out(struct mh_git *git)
{
    git->env[git->protocol_at] = git->protocol;
}

static bool has_proxy(void)
{
    return getenv("https_proxy") != NULL || getenv("HTTPS_PROXY") != NULL;
}

/* Whether the URL is somebody's who must not reach what only this machine can. */
static bool is_kept_outside(const struct mh_git *git)
{
    const struct mh_settings *settings = git->job->settings;
    if (settings->allow_private_projects != 0 || settings->allow_local_projects != 0) return false;
    return git->url.kind == MH_GITURL_SSH || (git->url.kind == MH_GITURL_HTTPS && !has_proxy());
}

static int keep_outside(struct mh_git *git, struct mh_err *err)
{
    struct mh_arena *arena = &git->job->arena;
    int r = mh_githost_find(&git->url, arena, &git->host, err);
    if (r < 0 || git->url.kind != MH_GITURL_HTTPS) return r;
    git->resolve = mh_githost_resolve(&git->host, arena);
    return git->resolve != NULL ? 0 : no_memory(err);
}

/* A shell reads this: the path comes by the environment, so that none of its bytes means more. */
static int put_ssh(struct mh_git *git, struct mh_err *err)
{
    struct mh_arena *arena = &git->job->arena;
    const char *path = git->job->settings->ssh_config;
    const char *config = path != NULL ? " -F \"$PROJECT_SSH_CONFIG\"" : "";
    const char *keep = git->host.count > 0 ? mh_githost_ssh(&git->host, arena) : "";
    const char *command = keep != NULL ? mh_gitrun_join(arena, SSH, keep, config) : NULL;
    bool fits = command != NULL && put(git, "GIT_SSH_COMMAND", command) &&
                (path == NULL || put(git, "PROJECT_SSH_CONFIG", path));
    return fits ? 0 : no_memory(err);
}

/* git is given the way to this program and the answers that it will ask for. */
static int put_answers(struct mh_git *git, const char *username, struct mh_err *err)
{
    char program[64];
    const char *scheme = protocols[git->url.kind];
    const char *place = mh_gitrun_join(&git->job->arena, scheme, "://", git->url.host);
    (void)snprintf(program, sizeof program, "/proc/%d/exe", (int)getpid()); /* fits any pid */
    git->token_entry = mh_gitrun_join(&git->job->arena, MH_ASKPASS_TOKEN, "=", git->token);
    if (place == NULL || git->token_entry == NULL || git->env_count == MH_GITRUN_ENV)
        return no_memory(err);
    git->env[git->env_count++] = git->token_entry;
    bool fits = put(git, "GIT_ASKPASS", program) && put(git, MH_ASKPASS_USERNAME, username) &&
                put(git, MH_ASKPASS_PLACE, place);
    return fits ? 0 : no_memory(err);
}

void mh_gitrun_forget(struct mh_git *git)
{
    if (git->token != NULL) mh_seal_wipe(git->token, git->token_size);
    if (git->token_entry == NULL) return;
    mh_seal_wipe(git->token_entry, strlen(git->token_entry));
    size_t kept = 0;
    for (size_t i = 0; i < git->env_count; i++)
        if (git->env[i] != git->token_entry) git->env[kept++] = git->env[i];
    git->env[kept] = NULL;
    git->env_count = kept;
    git->token_entry = NULL;
}

/* --- the credential */

struct opening {
    struct mh_git *git;
    const struct mh_seal *seal;
    int code;
    struct mh_err err;
};

/* The reply is gone after this: so it is opened here. */
static void take_credential(void *arg, const struct mh_reply *reply)
{
    struct opening *opening = arg;
    struct mh_git *git = opening->git;
    const struct mh_credential *credential = &reply->credentials[0];
    if (credential->host != NULL && strcasecmp(credential->host, git->url.host) != 0) {
        opening->code =
            mh_err_set(&opening->err, MH_EPERM, "credential %s is not for the host of this URL",
                       credential->name);
        return;
    }
    opening->code = mh_credential_open(opening->seal, credential, git->token, &opening->err);
    if (opening->code == 0) opening->code = put_answers(git, credential->username, &opening->err);
}

static int use_credential(struct mh_git *git, const struct mh_seal *seal, struct mh_err *err)
{
    struct mh_job_context *job = git->job;
    git->token_size = MH_TOKEN_MAX + MH_SEAL_EXTRA + 1;
    git->token = mh_arena_alloc(&job->arena, git->token_size);
    if (git->token == NULL) return no_memory(err);
    struct opening opening = {.git = git, .seal = seal};
    struct mh_call call = {.use = take_credential, .arg = &opening};
    int r = mh_store_credential_use(job->sync.store, &job->id, git->project->credential,
                                    mh_call_done, &call, err);
    r = mh_sync_await(&job->sync, r, &call, err);
    if (r == 0 && opening.code < 0) {
        *err = opening.err;
        r = opening.code;
    }
    return r;
}

static int open_credential(struct mh_git *git, struct mh_err *err)
{
    struct mh_seal seal = {0};
    if (git->project->credential == NULL) return 0;
    if (git->url.kind != MH_GITURL_HTTPS && git->url.kind != MH_GITURL_HTTP)
        return mh_err_set(err, MH_EINVAL, "a credential is for https://, and this URL is not");
    int r = mh_job_store(git->job, err);
    if (r == 0) r = mh_credential_keys(git->job->settings, &seal, err);
    if (r == 0) r = use_credential(git, &seal, err);
    mh_seal_close(&seal);
    return r;
}

/* --- running git */

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

int mh_gitrun(struct mh_git *git, const char *const *args,
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
    argv[count++] = git->resolve != NULL ? "http.followRedirects=false" : REDIRECTS;
    if (git->resolve != NULL) {
        argv[count++] = "-c";
        argv[count++] = git->resolve;
    }
    for (size_t i = 0; args[i] != NULL && count + 1 < ARGS_MAX; i++)
        argv[count++] = args[i];
    argv[count] = NULL;
    const struct mh_program program = {.argv = argv,
                                       .env = git->env,
                                       .deadline_us = git->deadline_us,
                                       .input = git->input,
                                       .is_phrase = is_phrase,
                                       .secret = git->token_entry != NULL ? git->token : NULL,
                                       .output = output,
                                       .tick = tick,
                                       .arg = git};
    int r = mh_program_run(&program, &status, last, err);
    if (r < 0) return r;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : complain(status, last, err);
}

/* --- from outside */

int mh_gitrun_open(struct mh_git *git, struct mh_err *err)
{
    const struct mh_project *project = git->project;
    bool allow_local = git->job->settings->allow_local_projects != 0;
    int r = mh_giturl_check(project->url, allow_local, &git->url, err);
    if (r == 0 && project->ref != NULL) r = mh_giturl_check_ref(project->ref, err);
    if (r == 0) r = make_env(git, err);
    if (r == 0 && is_kept_outside(git)) r = keep_outside(git, err);
    if (r == 0) r = put_ssh(git, err);
    return r == 0 ? open_credential(git, err) : r;
}
