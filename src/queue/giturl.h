/* What may be cloned: the URL of a project, and the branch or tag in it.
 *
 * git runs programs for some URLs, and takes others for options. So a URL is one of the forms below
 * or refused, in the user's words and without repeating it: what is in it may be a password.
 *
 *     https://HOST[:PORT]/PATH
 *     ssh://[USER@]HOST[:PORT]/PATH, USER@HOST:PATH
 *     /PATH, file:///PATH          where folders of this machine are allowed
 *     http://127.0.0.1[:PORT]/…    there too, for trying; also localhost
 *
 * Thread-safe. */
#ifndef MH_GITURL_H
#define MH_GITURL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_GITURL_HOST 256

enum mh_giturl_kind { MH_GITURL_HTTPS, MH_GITURL_HTTP, MH_GITURL_SSH, MH_GITURL_LOCAL };

struct mh_giturl {
    enum mh_giturl_kind kind;
    char host[MH_GITURL_HOST]; /* HOST or HOST:PORT, in small letters; "" for LOCAL */
};

/* MH_EINVAL, MH_ELIMIT: refused. */
int mh_giturl_check(const char *url, bool allow_local, struct mh_giturl *ret_url,
                    struct mh_err *err) MH_MUST_CHECK;

/* The name of a branch or tag, as `git check-ref-format --branch` has it. */
int mh_giturl_check_ref(const char *ref, struct mh_err *err) MH_MUST_CHECK;

/* HOST or HOST:PORT, as it stands in a URL. */
int mh_giturl_check_host(const char *host, struct mh_err *err) MH_MUST_CHECK;

#endif
