/* Signatures of Standard Webhooks (standardwebhooks.com), the symmetric kind.
 *
 * A secret is "whsec_" and 24 to 64 bytes in base64. While one is being replaced there are several,
 * separated by a blank, and a message carries a signature by each. Thread-safe. */
#ifndef MH_WEBHOOK_H
#define MH_WEBHOOK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct mh_crypto;

#define MH_WEBHOOK_KEYS_MAX  4
#define MH_WEBHOOK_KEY_BYTES 64

struct mh_webhook_keys {
    struct mh_webhook_key {
        unsigned char bytes[MH_WEBHOOK_KEY_BYTES];
        size_t len;
    } keys[MH_WEBHOOK_KEYS_MAX];
    size_t count;
};

/* What secrets have to be, for errors: "… is not <this>". */
#define MH_WEBHOOK_SECRET                                                                          \
    "whsec_ and 24 to 64 bytes in base64, or up to 4 such secrets separated by blanks"

/* MH_EINVAL: not secrets, or none, or more than MH_WEBHOOK_KEYS_MAX. */
int mh_webhook_keys_parse(const char *secrets, struct mh_webhook_keys *ret_keys) MH_MUST_CHECK;

/* What is signed is "ID.TIMESTAMP.BODY": appends the part before the body. */
void mh_webhook_begin(struct mh_buf *message, const char *id, int64_t timestamp_s);

/* Appends the value of webhook-signature for the whole `message`: "v1,BASE64", one for each key,
 * separated by blanks. MH_ENOMEM: out of memory. */
int mh_webhook_sign(const struct mh_crypto *crypto, const struct mh_webhook_keys *keys,
                    const struct mh_buf *message, struct mh_buf *out) MH_MUST_CHECK;

#endif
