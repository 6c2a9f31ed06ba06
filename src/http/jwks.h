/* The public keys that tokens are signed with elsewhere: a JWKS file (RFC 7517), read again when it
 * changes.
 *
 * Kept are RSA keys of 2,048 to 8,192 bits, for RS256, and those of P-256, for ES256, unless `use`
 * or `alg` says that they are for something else; other keys are passed over. One thread. */
#ifndef MH_JWKS_H
#define MH_JWKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/crypto.h"
#include "base/err.h"

#define MH_JWK_ID_MAX 128 /* bytes of a key id */

enum mh_jwk_kind { MH_JWK_RSA, MH_JWK_P256 };

struct mh_jwk;
struct mh_jwks;

/* Reads the file; `crypto` and `path` are borrowed. MH_EINVAL where it is no such file or has no
 * key that is of use; MH_ENOENT, MH_EIO where it cannot be read. */
int mh_jwks_open(const struct mh_crypto *crypto, const char *path, struct mh_jwks **ret_jwks,
                 struct mh_err *err) MH_MUST_CHECK;
void mh_jwks_close(struct mh_jwks *jwks); /* accepts NULL */

/* Looks, at most once a second, whether the file has changed, and reads it again. 1: it did; 0: it
 * did not; negative, and the keys stay as they were: it cannot be read any more. */
int mh_jwks_refresh(struct mh_jwks *jwks, struct mh_err *err) MH_MUST_CHECK;

/* The first key after `after` (NULL: the first of all) of this kind and with this id, NULL: any id.
 * NULL: there is none. Valid until the next refresh. */
const struct mh_jwk *mh_jwks_next(const struct mh_jwks *jwks, const struct mh_jwk *after,
                                  enum mh_jwk_kind kind, const char *id);

/* True where `signature`, in the form that tokens have, is the key's for these bytes by SHA-256. */
bool mh_jwk_verifies(const struct mh_jwks *jwks, const struct mh_jwk *key, const void *bytes,
                     size_t len, const unsigned char *signature, size_t signature_len);

#endif
