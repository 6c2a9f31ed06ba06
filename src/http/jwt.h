/* JSON Web Tokens (RFC 7519): verified for those who ask, signed for those who try it out.
 *
 * A key decides about the algorithm, the token only names one that must be it: HS256 goes with the
 * secret, RS256 and ES256 with keys of a JWKS file, anything else, `none` above all, is refused. So
 * is a token without `exp`, one with `crit`, and one of more than 8 KiB. Clocks may differ by 30 s.
 * Errors never hold a part of the token. */
#ifndef MH_JWT_H
#define MH_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/crypto.h"
#include "base/err.h"
#include "http/jwks.h"

#define MH_JWT_MAX       8192
#define MH_JWT_LEEWAY_MS 30000

struct mh_jwt_rules {
    const struct mh_crypto *crypto;
    const char *secret;         /* of HS256; NULL: refused */
    const struct mh_jwks *keys; /* of RS256 and ES256; NULL: refused */
    const char *audience;       /* which `aud` must name; NULL: any */
    const char *issuer;         /* which `iss` must be; NULL: any */
};

/* Verifies that the token is signed and holds at `now_ms`, and gives its claims, a JSON object, in
 * `arena`. MH_EINVAL: it is not or does not, `err` says why; MH_ENOMEM. */
int mh_jwt_verify(const struct mh_jwt_rules *rules, const char *token, size_t len, int64_t now_ms,
                  struct mh_arena *arena, const char **ret_claims,
                  struct mh_err *err) MH_MUST_CHECK;

/* Appends a token with these claims, signed by HS256. */
int mh_jwt_sign(const struct mh_crypto *crypto, const char *secret, const char *claims,
                struct mh_buf *out, struct mh_err *err) MH_MUST_CHECK;

#endif
