#include "base/seal.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/library.h"
#include "base/random.h"

#define LIBRARY     "libsodium.so.23"
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(MH_SEAL_EXTRA == NONCE_BYTES + TAG_BYTES, "the nonce stands before what it sealed");
_Static_assert(MH_SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "of one length");

void mh_seal_wipe(void *secret, size_t len)
{
    explicit_bzero(secret, len);
}

/* --- keys */

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static bool parse_hex(const char *text, size_t len, unsigned char *ret_key)
{
    if (len != 2 * MH_SEAL_KEY_BYTES) return false;
    for (size_t i = 0; i < len; i += 2) {
        int high = digit_of(text[i]), low = digit_of(text[i + 1]);
        if (high < 0 || low < 0) return false;
        ret_key[i / 2] = (unsigned char)(high << 4 | low);
    }
    return true;
}

int mh_seal_key_parse(const char *text, size_t len, unsigned char ret_key[MH_SEAL_KEY_BYTES])
{
    size_t have = 0;
    if (parse_hex(text, len, ret_key)) return 0;
    if (mh_base64_decode(text, len, ret_key, MH_SEAL_KEY_BYTES, &have) < 0) return MH_EINVAL;
    return have == MH_SEAL_KEY_BYTES ? 0 : MH_EINVAL;
}

bool mh_seal_keys_valid(const char *text, bool one)
{
    unsigned char key[MH_SEAL_KEY_BYTES];
    for (size_t count = 1;; count++) {
        size_t len = strcspn(text, ",");
        bool valid = mh_seal_key_parse(text, len, key) == 0;
        mh_seal_wipe(key, sizeof key);
        if (!valid || count == MH_SEAL_KEYS_MAX) return false;
        if (text[len] == '\0') return count == 1 || !one;
        text += len + 1;
    }
}

/* A hash under a name of its own, so that the id is no hash that means something elsewhere. */
static void name_key(const struct mh_seal *seal, struct mh_seal_key *key)
{
    static const unsigned char purpose[] = "millhand credential key id";
    unsigned char hash[crypto_generichash_BYTES];
    (void)seal->crypto_generichash(hash, sizeof hash, purpose, sizeof purpose - 1, key->bytes,
                                   sizeof key->bytes); /* fails for wrong lengths only */
    for (size_t i = 0; i + 1 < sizeof key->id; i += 2)
        (void)snprintf(key->id + i, 3, "%02x", hash[i / 2]);
}

static int add_keys(struct mh_seal *seal, const char *text, struct mh_err *err)
{
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ",");
        struct mh_seal_key *key = &seal->keys[seal->count];
        if (seal->count == MH_SEAL_KEYS_MAX)
            return mh_err_set(err, MH_ELIMIT, "more than %d encryption keys", MH_SEAL_KEYS_MAX);
        if (mh_seal_key_parse(text, len, key->bytes) < 0)
            return mh_err_set(err, MH_EINVAL, "an encryption key is not " MH_SEAL_KEY);
        name_key(seal, key);
        seal->count++;
        text += len + (text[len] == ',');
    }
    return 0;
}

static int load(struct mh_seal *seal, struct mh_err *err)
{
    const char *missing = NULL;
    seal->library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (seal->library == NULL)
        return mh_err_set(err, MH_EIO,
                          "unable to load libsodium: install it (Debian: libsodium23) (%s)",
                          dlerror());
#define LOAD(name)                                                                                 \
    if (!mh_library_find(seal->library, #name, &seal->name)) missing = #name;
    MH_SEAL_FUNCTIONS(LOAD)
#undef LOAD
    if (missing != NULL)
        return mh_err_set(err, MH_EIO, "unable to use libsodium: it has no %s", missing);
    if (seal->sodium_init() >= 0) return 0;
    return mh_err_set(err, MH_EIO, "unable to start libsodium");
}

int mh_seal_open(struct mh_seal *seal, const char *key, const char *old, struct mh_err *err)
{
    *seal = (struct mh_seal){0};
    int r = load(seal, err);
    if (r == 0) r = add_keys(seal, key, err);
    if (r == 0) r = add_keys(seal, old, err);
    return r;
}

void mh_seal_close(struct mh_seal *seal)
{
    mh_seal_wipe(seal->keys, sizeof seal->keys);
    seal->count = 0;
}

const char *mh_seal_key_id(const struct mh_seal *seal)
{
    return seal->keys[0].id;
}

/* --- sealing */

int mh_seal_put(const struct mh_seal *seal, const void *bound, size_t bound_len, const void *secret,
                size_t len, struct mh_buf *out, struct mh_err *err)
{
    unsigned char *at = (unsigned char *)mh_buf_reserve(out, len + MH_SEAL_EXTRA);
    if (at == NULL) return mh_err_set(err, MH_ENOMEM, "unable to seal a secret: out of memory");
    mh_random_bytes(at, NONCE_BYTES);
    (void)seal->crypto_aead_xchacha20poly1305_ietf_encrypt(at + NONCE_BYTES, NULL, secret, len,
                                                           bound, bound_len, NULL, at,
                                                           seal->keys[0].bytes); /* always 0 */
    out->len += len + MH_SEAL_EXTRA;
    return 0;
}

static const struct mh_seal_key *find_key(const struct mh_seal *seal, const char *id)
{
    for (size_t i = 0; i < seal->count; i++)
        if (strcmp(seal->keys[i].id, id) == 0) return &seal->keys[i];
    return NULL;
}

int mh_seal_get(const struct mh_seal *seal, const char *key_id, const void *bound, size_t bound_len,
                const void *sealed, size_t sealed_len, void *ret_secret, size_t *ret_len,
                struct mh_err *err)
{
    const struct mh_seal_key *key = find_key(seal, key_id);
    if (key == NULL)
        return mh_err_set(err, MH_ENOENT, "it was sealed with key %.16s, which is not there",
                          key_id);
    const unsigned char *nonce = sealed;
    if (sealed_len < MH_SEAL_EXTRA ||
        seal->crypto_aead_xchacha20poly1305_ietf_decrypt(
            ret_secret, NULL, NULL, nonce + NONCE_BYTES, sealed_len - NONCE_BYTES, bound, bound_len,
            nonce, key->bytes) != 0)
        return mh_err_set(err, MH_EINVAL, "it was altered, or was sealed for something else");
    *ret_len = sealed_len - MH_SEAL_EXTRA;
    return 0;
}
