#include "http/auth.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/jwt.h"
#include "http/local.h"

struct mh_auth {
    bool is_open; /* to the programs of this machine, without a token */
    struct mh_crypto crypto;
    struct mh_jwks *jwks; /* NULL: none */
    struct mh_jwt_rules rules;
};

/* --- tokens */

static const char *claim(const json_t *claims, const char *name)
{
    return json_string_value(json_object_get(claims, name));
}

/* Verified, it has an `exp` that lies ahead, but for the leeway. */
static int64_t last_moment(const json_t *claims)
{
    double end_ms = json_number_value(json_object_get(claims, "exp")) * 1000 + MH_JWT_LEEWAY_MS;
    return end_ms < (double)MH_TIME_MAX ? (int64_t)end_ms : MH_TIME_MAX;
}

/* As the database reads the same claims: the outer tenant_id counts unless it is null. */
static int read_claims(const json_t *claims, struct mh_identity *identity, struct mh_err *err)
{
    const json_t *metadata = json_object_get(claims, "app_metadata");
    const json_t *tenant = json_object_get(claims, "tenant_id");
    const char *role = claim(metadata, "role");
    bool is_admin = role != NULL && strcmp(role, "super_admin") == 0;
    if (tenant == NULL || json_is_null(tenant)) tenant = json_object_get(metadata, "tenant_id");
    identity->is_admin = identity->asker.sees_all = is_admin;
    identity->until = last_moment(claims);
    if ((tenant == NULL || json_is_null(tenant)) && is_admin) return 0;
    if (!json_is_string(tenant) ||
        mh_uuid_parse(json_string_value(tenant), &identity->tenant_id) < 0)
        return mh_err_set(err, MH_EINVAL, "the token names no tenant (tenant_id)");
    identity->asker.tenant_id = identity->tenant_id;
    return 0;
}

static int identify(const char *text, struct mh_identity *identity, struct mh_err *err)
{
    json_error_t why;
    json_t *claims = json_loads(text, 0, &why);
    if (claims == NULL) return mh_err_set(err, MH_ENOMEM, "out of memory");
    identity->asker.claims = text;
    int r = read_claims(claims, identity, err);
    json_decref(claims);
    return r;
}

/* What cannot be read any more leaves the keys there are: whoever holds one of them gets in still.
 */
static void refresh_keys(struct mh_auth *auth)
{
    struct mh_err err;
    int r = auth->jwks != NULL ? mh_jwks_refresh(auth->jwks, &err) : 0;
    if (r > 0) mh_log(MH_LOG_INFO, "keys of tokens read again", NULL);
    if (r < 0)
        mh_log(MH_LOG_WARN, "keys of tokens are kept as they were",
               MH_FIELDS(mh_f_str("error", err.text)));
}

static int check_token(struct mh_auth *auth, const char *authorization, struct mh_arena *arena,
                       struct mh_identity *identity, struct mh_err *err)
{
    static const char scheme[] = "Bearer ";
    const char *claims;
    if (authorization == NULL || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return mh_err_set(err, MH_EINVAL, "a bearer token is needed");
    const char *token = authorization + strlen(scheme);
    refresh_keys(auth);
    int r =
        mh_jwt_verify(&auth->rules, token, strlen(token), mh_clock_now_ms(), arena, &claims, err);
    return r < 0 ? r : identify(claims, identity, err);
}

bool mh_auth_is_open(const struct mh_auth *auth)
{
    return auth->is_open;
}

int mh_auth_check(struct mh_auth *auth, const struct mh_credentials *given, struct mh_arena *arena,
                  struct mh_identity *ret_identity, struct mh_err *err)
{
    struct mh_identity identity = {.is_program = auth->is_open, .is_admin = auth->is_open};
    int r = auth->is_open ? mh_local_check(given->host, given->origin, given->site, err)
                          : check_token(auth, given->authorization, arena, &identity, err);
    if (r == 0) *ret_identity = identity;
    return r;
}

/* --- opening */

static int open_keys(struct mh_auth *auth, const struct mh_settings *settings, struct mh_err *err)
{
    int r = mh_crypto_load(&auth->crypto, err);
    if (r == 0 && settings->jwks != NULL)
        r = mh_jwks_open(&auth->crypto, settings->jwks, &auth->jwks, err);
    auth->rules = (struct mh_jwt_rules){.crypto = &auth->crypto,
                                        .secret = settings->jwt_secret,
                                        .keys = auth->jwks,
                                        .audience = settings->jwt_audience,
                                        .issuer = settings->jwt_issuer};
    return r;
}

int mh_auth_open(const struct mh_settings *settings, struct mh_auth **ret_auth, struct mh_err *err)
{
    bool is_open = settings->jwt_secret == NULL && settings->jwks == NULL;
    if (is_open && !mh_local_address(settings->bind))
        return mh_err_set(err, MH_EINVAL,
                          "unable to serve on %s without tokens: set MILLHAND_JWT_SECRET or "
                          "MILLHAND_JWKS, or MILLHAND_BIND to 127.0.0.1",
                          settings->bind);
    struct mh_auth *auth = calloc(1, sizeof *auth);
    if (auth == NULL) return mh_err_set(err, MH_ENOMEM, "unable to serve: out of memory");
    auth->is_open = is_open;
    int r = is_open ? 0 : open_keys(auth, settings, err);
    if (r < 0)
        mh_auth_close(auth);
    else
        *ret_auth = auth;
    return r;
}

void mh_auth_close(struct mh_auth *auth)
{
    if (auth == NULL) return;
    mh_jwks_close(auth->jwks);
    free(auth);
}
