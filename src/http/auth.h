/* Who asks, and whether they may.
 *
 * With MILLHAND_JWT_SECRET or MILLHAND_JWKS every request must bring a bearer token (http/jwt.h)
 * with tenant_id or app_metadata.tenant_id, or with app_metadata.role = "super_admin", who sees
 * all. Without either, and listening on loopback alone, the programs of this machine may do
 * everything, and the web pages that its browsers show may not (http/local.h). Without either,
 * beyond loopback, it does not open. One thread. */
#ifndef MH_AUTH_H
#define MH_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/settings.h"
#include "store/store.h"

struct mh_auth;

/* Borrows `settings`. MH_EINVAL: not open to strangers without a secret, or a wrong JWKS file;
 * other errors of the file. */
int mh_auth_open(const struct mh_settings *settings, struct mh_auth **ret_auth,
                 struct mh_err *err) MH_MUST_CHECK;
void mh_auth_close(struct mh_auth *auth); /* accepts NULL */

/* Open to the programs of this machine, which bring no token. */
bool mh_auth_is_open(const struct mh_auth *auth);

/* The headers that decide, NULL where there is none. */
struct mh_credentials {
    const char *authorization, *host, *origin, *site; /* Sec-Fetch-Site */
};

struct mh_identity {
    bool is_program;          /* one of this machine, under no token: may do everything */
    bool is_admin;            /* may do what is not one tenant's */
    struct mh_asker asker;    /* unless is_program; claims live in the arena */
    struct mh_uuid tenant_id; /* whose jobs are dispatched where nothing else is said */
    int64_t until;            /* the token's last moment; 0: for ever */
};

/* 0 and who it is. MH_EINVAL: not known, or a token that does not hold; MH_EPERM: a stranger's
 * page; MH_ENOMEM. */
int mh_auth_check(struct mh_auth *auth, const struct mh_credentials *given, struct mh_arena *arena,
                  struct mh_identity *ret_identity, struct mh_err *err) MH_MUST_CHECK;

#endif
