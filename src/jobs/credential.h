/* Credentials, sealed and opened: what a token is bound to is decided here.
 *
 * It is bound to its tenant, name, user name and host, so that a row that was moved to another
 * tenant, renamed or pointed elsewhere does not open. */
#ifndef MH_CREDENTIAL_H
#define MH_CREDENTIAL_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/seal.h"
#include "base/settings.h"
#include "store/project.h"

#define MH_TOKEN_MAX 4096 /* bytes */

/* The seal of the settings' keys. MH_EINVAL, with the variable named: there is none. Close it also
 * after an error. */
int mh_credential_keys(const struct mh_settings *settings, struct mh_seal *ret_seal,
                       struct mh_err *err) MH_MUST_CHECK;

/* 1 to MH_TOKEN_MAX printable bytes without blanks. */
int mh_token_check(const char *token, size_t len, struct mh_err *err) MH_MUST_CHECK;

/* Sets key_id (borrowed from the seal) and sealed (in `out`, which is empty) of the credential,
 * whose tenant, name, user name and host are set. */
int mh_credential_seal(const struct mh_seal *seal, const char *token, size_t len,
                       struct mh_credential *credential, struct mh_buf *out,
                       struct mh_err *err) MH_MUST_CHECK;

/* The token and a NUL; wipe it. MH_EINVAL: none of the keys opens it, it was altered, or it is of
 * another tenant or name. */
int mh_credential_open(const struct mh_seal *seal, const struct mh_credential *credential,
                       char ret_token[MH_TOKEN_MAX + MH_SEAL_EXTRA + 1],
                       struct mh_err *err) MH_MUST_CHECK;

#endif
