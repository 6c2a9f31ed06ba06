#include "jobs/credential.h"

#include <string.h>

#include "base/buf.h"

#define BOUND_MAX 1024

int mh_credential_keys(const struct mh_settings *settings, struct mh_seal *ret_seal,
                       struct mh_err *err)
{
    *ret_seal = (struct mh_seal){0};
    if (settings->credential_key == NULL)
        return mh_err_set(err, MH_EINVAL,
                          "CREDENTIAL_ENCRYPTION_KEY is not set: it is what credentials are sealed "
                          "with, " MH_SEAL_KEY " (openssl rand -hex 32 makes one)");
    return mh_seal_open(ret_seal, settings->credential_key, settings->credential_key_old, err);
}

int mh_token_check(const char *token, size_t len, struct mh_err *err)
{
    if (len == 0) return mh_err_set(err, MH_EINVAL, "the token is empty");
    if (len > MH_TOKEN_MAX)
        return mh_err_set(err, MH_ELIMIT, "the token is longer than %d bytes", MH_TOKEN_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)token[i] <= ' ' || token[i] == 127)
            return mh_err_set(err, MH_EINVAL, "the token has a blank or a control character");
    return 0;
}

/* Each part with the NUL that ends it, so that no two credentials are bound alike. */
static int bind(const struct mh_credential *credential, struct mh_buf *out, struct mh_err *err)
{
    const char *host = credential->host != NULL ? credential->host : "";
    mh_buf_init(out, BOUND_MAX);
    mh_buf_append(out, "millhand credential 1", sizeof "millhand credential 1");
    mh_buf_append(out, credential->tenant_id.b, sizeof credential->tenant_id.b);
    mh_buf_append(out, credential->name, strlen(credential->name) + 1);
    mh_buf_append(out, credential->username, strlen(credential->username) + 1);
    mh_buf_append(out, host, strlen(host) + 1);
    if (!mh_buf_failed(out)) return 0;
    return mh_err_set(err, mh_buf_full(out) ? MH_ELIMIT : MH_ENOMEM,
                      "unable to seal credential %s: its names are too long", credential->name);
}

int mh_credential_seal(const struct mh_seal *seal, const char *token, size_t len,
                       struct mh_credential *credential, struct mh_buf *out, struct mh_err *err)
{
    struct mh_buf bound;
    int r = bind(credential, &bound, err);
    if (r == 0) r = mh_seal_put(seal, bound.data, bound.len, token, len, out, err);
    mh_buf_release(&bound);
    if (r < 0) return r;
    credential->key_id = mh_seal_key_id(seal);
    credential->sealed = out->data;
    credential->sealed_len = out->len;
    return 0;
}

int mh_credential_open(const struct mh_seal *seal, const struct mh_credential *credential,
                       char ret_token[MH_TOKEN_MAX + MH_SEAL_EXTRA + 1], struct mh_err *err)
{
    struct mh_buf bound;
    struct mh_err why = {0};
    size_t len = 0;
    if (credential->sealed_len > MH_TOKEN_MAX + MH_SEAL_EXTRA)
        return mh_err_set(err, MH_EINVAL, "credential %s does not open: it was altered",
                          credential->name);
    int r = bind(credential, &bound, err);
    if (r < 0) return r;
    r = mh_seal_get(seal, credential->key_id, bound.data, bound.len, credential->sealed,
                    credential->sealed_len, ret_token, &len, &why);
    mh_buf_release(&bound);
    if (r == MH_ENOENT)
        return mh_err_set(err, MH_EINVAL,
                          "credential %s does not open: %s in CREDENTIAL_ENCRYPTION_KEY or "
                          "CREDENTIAL_ENCRYPTION_KEY_OLD",
                          credential->name, why.text);
    if (r < 0)
        return mh_err_set(err, r, "credential %s does not open: %s", credential->name, why.text);
    ret_token[len] = '\0';
    return 0;
}
