/* Sealing small secrets for keeping: XChaCha20-Poly1305 under keys of the operator's.
 *
 * A sealed secret says which key it needs by that key's id, so that keys can be changed one after
 * the other: the first key seals, any opens. What it is bound to (whose it is, what it is called)
 * is given with it again to open it; bound to anything else it does not open.
 *
 *     struct mh_seal seal;
 *     int r = mh_seal_open(&seal, settings->credential_key, settings->credential_key_old, err);
 *     if (r == 0) r = mh_seal_put(&seal, bound, bound_len, token, len, &sealed, err);
 *     mh_seal_close(&seal);
 *
 * libsodium is loaded by this and not before. Keys are wiped by mh_seal_close; who has a secret in
 * clear wipes it with mh_seal_wipe. Thread-safe between seals. */
#ifndef MH_SEAL_H
#define MH_SEAL_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define MH_SEAL_KEY_BYTES 32
#define MH_SEAL_KEY_ID    17 /* 16 hex digits and a NUL */
#define MH_SEAL_KEYS_MAX  16
#define MH_SEAL_EXTRA     40 /* a sealed secret is longer than the secret by so many bytes */
#define MH_SEAL_KEY       "32 bytes as base64 or hex"

#define MH_SEAL_FUNCTIONS(X)                                                                       \
    X(crypto_aead_xchacha20poly1305_ietf_decrypt)                                                  \
    X(crypto_aead_xchacha20poly1305_ietf_encrypt)                                                  \
    X(crypto_generichash)                                                                          \
    X(sodium_init)

struct mh_seal_key {
    unsigned char bytes[MH_SEAL_KEY_BYTES];
    char id[MH_SEAL_KEY_ID]; /* made from the key, and tells nothing of it */
};

struct mh_seal {
    void *library;
#define MEMBER(name) MH_TYPEOF(name) * name;
    MH_SEAL_FUNCTIONS(MEMBER)
#undef MEMBER
    struct mh_seal_key keys[MH_SEAL_KEYS_MAX];
    size_t count;
};

/* One key as the settings have it: 64 hex digits, or base64 with either alphabet. MH_EINVAL. */
int mh_seal_key_parse(const char *text, size_t len,
                      unsigned char ret_key[MH_SEAL_KEY_BYTES]) MH_MUST_CHECK;

/* True for keys separated by commas; one where `one`. */
bool mh_seal_keys_valid(const char *text, bool one);

/* `key` seals; it and `old` (separated by commas, or NULL) open. MH_EIO: libsodium is not
 * installed; MH_EINVAL: no keys. Close it also after an error. */
int mh_seal_open(struct mh_seal *seal, const char *key, const char *old,
                 struct mh_err *err) MH_MUST_CHECK;
void mh_seal_close(struct mh_seal *seal);

/* The id of the key that seals. */
const char *mh_seal_key_id(const struct mh_seal *seal);

/* Appends the sealed secret to `out`. MH_ENOMEM. */
int mh_seal_put(const struct mh_seal *seal, const void *bound, size_t bound_len, const void *secret,
                size_t len, struct mh_buf *out, struct mh_err *err) MH_MUST_CHECK;

/* Puts the secret, sealed_len - MH_SEAL_EXTRA bytes, where there is room for sealed_len. MH_ENOENT:
 * sealed with a key that is not there; MH_EINVAL: it was altered, or is bound to something else. */
int mh_seal_get(const struct mh_seal *seal, const char *key_id, const void *bound, size_t bound_len,
                const void *sealed, size_t sealed_len, void *ret_secret, size_t *ret_len,
                struct mh_err *err) MH_MUST_CHECK;

/* Overwrites it, whatever the compiler thinks of that. */
void mh_seal_wipe(void *secret, size_t len);

#endif
