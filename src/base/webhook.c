#include "base/webhook.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/crypto.h"

#define PREFIX    "whsec_"
#define KEY_LEAST 24

static int parse_key(const char *word, size_t len, struct mh_webhook_key *ret_key)
{
    size_t prefix = strlen(PREFIX);
    struct mh_webhook_key key;
    if (len < prefix || memcmp(word, PREFIX, prefix) != 0) return MH_EINVAL;
    if (mh_base64_decode(word + prefix, len - prefix, key.bytes, sizeof key.bytes, &key.len) < 0)
        return MH_EINVAL;
    if (key.len < KEY_LEAST) return MH_EINVAL;
    *ret_key = key;
    return 0;
}

int mh_webhook_keys_parse(const char *secrets, struct mh_webhook_keys *ret_keys)
{
    struct mh_webhook_keys keys = {.count = 0};
    for (;;) {
        secrets += strspn(secrets, " ");
        if (*secrets == '\0') break;
        size_t len = strcspn(secrets, " ");
        if (keys.count == MH_WEBHOOK_KEYS_MAX) return MH_EINVAL;
        int r = parse_key(secrets, len, &keys.keys[keys.count]);
        if (r < 0) return r;
        keys.count++;
        secrets += len;
    }
    if (keys.count == 0) return MH_EINVAL;
    *ret_keys = keys;
    return 0;
}

void mh_webhook_begin(struct mh_buf *message, const char *id, int64_t timestamp_s)
{
    mh_buf_printf(message, "%s.%" PRId64 ".", id, timestamp_s);
}

int mh_webhook_sign(const struct mh_crypto *crypto, const struct mh_webhook_keys *keys,
                    const struct mh_buf *message, struct mh_buf *out)
{
    for (size_t i = 0; i < keys->count; i++) {
        unsigned char mac[MH_SHA256_BYTES];
        const struct mh_webhook_key *key = &keys->keys[i];
        int r =
            mh_crypto_hmac_sha256(crypto, key->bytes, key->len, message->data, message->len, mac);
        if (r < 0) return r;
        mh_buf_str(out, i > 0 ? " v1," : "v1,");
        mh_base64_encode(mac, sizeof mac, out);
    }
    return mh_buf_failed(out) ? MH_ENOMEM : 0;
}
