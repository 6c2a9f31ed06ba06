#include "queue/giturl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "store/project.h"

#define EXPECTED "expected https://HOST/PATH, ssh://[USER@]HOST[:PORT]/PATH or USER@HOST:PATH"

static const char name_bytes[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

static int refuse(struct mh_err *err, const char *why)
{
    return mh_err_set(err, MH_EINVAL, "url: %s", why);
}

/* --- parts */

static bool is_port(const char *text, size_t len)
{
    if (len < 1 || len > 5) return false;
    for (size_t i = 0; i < len; i++)
        if (!isdigit((unsigned char)text[i])) return false;
    long port = strtol(text, NULL, 10);
    return port >= 1 && port <= 65535;
}

/* A name or an IPv4 address; one that begins with - would be an option of ssh. */
static bool is_name(const char *text, size_t len)
{
    return len >= 1 && len <= 200 && text[0] != '-' && text[0] != '.' &&
           strspn(text, name_bytes) >= len;
}

/* HOST or HOST:PORT. */
static bool is_host(const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    size_t name_len = colon != NULL ? (size_t)(colon - text) : len;
    return is_name(text, name_len) && (colon == NULL || is_port(colon + 1, len - name_len - 1));
}

static void set_host(struct mh_giturl *url, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        url->host[i] = (char)tolower((unsigned char)text[i]);
    url->host[len] = '\0';
}

/* An encoded line break or NUL, which some helper decodes and takes for the end of a line. */
static bool hides_control(const char *text)
{
    for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at + 1, '%'))
        if (at[1] == '0' || at[1] == '1' || (at[1] == '7' && (at[2] | 0x20) == 'f')) return true;
    return false;
}

static int check_bytes(const char *url, struct mh_err *err)
{
    size_t len = strlen(url);
    if (len == 0) return refuse(err, "is required");
    if (len > MH_PROJECT_URL_MAX)
        return mh_err_set(err, MH_ELIMIT, "url: at most %d bytes", MH_PROJECT_URL_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)url[i] <= ' ' || url[i] == 127)
            return refuse(err, "has a blank or a control character");
    if (!mh_utf8_valid(url, len)) return refuse(err, "is not valid UTF-8");
    if (url[0] == '-') return refuse(err, "begins with -, which git takes for an option");
    if (strstr(url, "::") != NULL) return refuse(err, "git runs a program for one with :: in it");
    if (hides_control(url)) return refuse(err, "has an encoded control character");
    return 0;
}

/* --- forms */

static int check_path(const char *path, struct mh_err *err)
{
    if (path[0] == '\0' || strcmp(path, "/") == 0) return refuse(err, "names no repository");
    if (strchr(path, '\\') != NULL) return refuse(err, "has a backslash");
    return 0;
}

static int check_web(const char *rest, struct mh_giturl *url, struct mh_err *err)
{
    size_t len = strcspn(rest, "/?#");
    if (memchr(rest, '@', len) != NULL)
        return refuse(err, "has a user name or a password in it: add them with millhand "
                           "credential add, and name that by --credential");
    if (!is_host(rest, len)) return refuse(err, EXPECTED);
    if (strpbrk(rest, "?#") != NULL) return refuse(err, "has a ? or a # in it");
    set_host(url, rest, len);
    return check_path(rest + len, err);
}

static int check_ssh(const char *rest, struct mh_giturl *url, struct mh_err *err)
{
    size_t len = strcspn(rest, "/");
    const char *at = memchr(rest, '@', len), *host = at != NULL ? at + 1 : rest;
    if (at != NULL && memchr(rest, ':', (size_t)(at - rest)) != NULL)
        return refuse(err, "has a password in it");
    if (at != NULL && !is_name(rest, (size_t)(at - rest))) return refuse(err, EXPECTED);
    if (!is_host(host, (size_t)(rest + len - host))) return refuse(err, EXPECTED);
    set_host(url, host, (size_t)(rest + len - host));
    return check_path(rest + len, err);
}

/* USER@HOST:PATH, where the first part has no slash. */
static int check_short_ssh(const char *text, struct mh_giturl *url, struct mh_err *err)
{
    const char *at = strchr(text, '@'), *colon = strchr(text, ':');
    if (at == NULL || colon == NULL) return refuse(err, EXPECTED);
    if (colon < at) return refuse(err, "has a password in it");
    size_t host_len = (size_t)(colon - at - 1);
    if (!is_name(text, (size_t)(at - text)) || !is_name(at + 1, host_len) || colon[1] == '-')
        return refuse(err, EXPECTED);
    set_host(url, at + 1, host_len);
    return check_path(colon + 1, err);
}

static int check_local(const char *path, bool allow_local, struct mh_err *err)
{
    if (!allow_local)
        return refuse(err, "folders of this machine are allowed with ALLOW_LOCAL_PROJECTS=1 only");
    if (path[0] != '/') return refuse(err, "of a folder: expected /PATH or file:///PATH");
    return check_path(path, err);
}

static int check_http(const char *rest, bool allow_local, struct mh_giturl *url, struct mh_err *err)
{
    int r = check_web(rest, url, err);
    size_t len = strcspn(url->host, ":");
    bool is_loopback = (len == 9 && strncmp(url->host, "127.0.0.1", len) == 0) ||
                       (len == 9 && strncmp(url->host, "localhost", len) == 0);
    if (r < 0 || (allow_local && is_loopback)) return r;
    return refuse(err, "http:// would send what it clones, and tokens, in clear: use https://");
}

/* What stands behind `scheme`, or NULL. */
static const char *behind(const char *url, const char *scheme)
{
    size_t len = strlen(scheme);
    return strncasecmp(url, scheme, len) == 0 ? url + len : NULL;
}

static int check_form(const char *text, bool allow_local, struct mh_giturl *url, struct mh_err *err)
{
    const char *rest;
    url->host[0] = '\0';
    if ((rest = behind(text, "https://")) != NULL) {
        url->kind = MH_GITURL_HTTPS;
        return check_web(rest, url, err);
    }
    if ((rest = behind(text, "http://")) != NULL) {
        url->kind = MH_GITURL_HTTP;
        return check_http(rest, allow_local, url, err);
    }
    if ((rest = behind(text, "ssh://")) != NULL) {
        url->kind = MH_GITURL_SSH;
        return check_ssh(rest, url, err);
    }
    if ((rest = behind(text, "file://")) != NULL || text[0] == '/') {
        url->kind = MH_GITURL_LOCAL;
        return check_local(rest != NULL ? rest : text, allow_local, err);
    }
    if (strstr(text, "://") != NULL || strcspn(text, "/") < strcspn(text, ":"))
        return refuse(err, EXPECTED);
    url->kind = MH_GITURL_SSH;
    return check_short_ssh(text, url, err);
}

int mh_giturl_check(const char *url, bool allow_local, struct mh_giturl *ret_url,
                    struct mh_err *err)
{
    struct mh_giturl found;
    int r = check_bytes(url, err);
    if (r == 0) r = check_form(url, allow_local, &found, err);
    if (r == 0) *ret_url = found;
    return r;
}

int mh_giturl_check_host(const char *host, struct mh_err *err)
{
    if (is_host(host, strlen(host))) return 0;
    return mh_err_set(err, MH_EINVAL, "host: expected HOST or HOST:PORT, as in github.com");
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t end_len = strlen(end);
    return len >= end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

/* The rules of git-check-ref-format(1). */
static bool is_ref(const char *ref, size_t len)
{
    if (len == 0 || ref[0] == '-' || ref[0] == '/' || ref[0] == '.' || strcmp(ref, "@") == 0)
        return false;
    if (ends_with(ref, len, "/") || ends_with(ref, len, ".") || ends_with(ref, len, ".lock"))
        return false;
    if (strstr(ref, "..") != NULL || strstr(ref, "//") != NULL || strstr(ref, "/.") != NULL ||
        strstr(ref, "@{") != NULL || strstr(ref, ".lock/") != NULL)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)ref[i] <= ' ' || ref[i] == 127 || strchr("~^:?*[\\", ref[i]) != NULL)
            return false;
    return mh_utf8_valid(ref, len);
}

int mh_giturl_check_ref(const char *ref, struct mh_err *err)
{
    size_t len = strlen(ref);
    if (len > MH_PROJECT_REF_MAX)
        return mh_err_set(err, MH_ELIMIT, "ref: at most %d bytes", MH_PROJECT_REF_MAX);
    if (is_ref(ref, len)) return 0;
    return mh_err_set(err, MH_EINVAL, "ref: expected the name of a branch or tag");
}
