/* OpenSSL's libcrypto, loaded by those who sign or verify and not before.
 *
 *     crypto->EVP_sha256()      stands for      EVP_sha256()
 *
 * To use another function of it: its row in MH_CRYPTO_FUNCTIONS. Thread-safe once loaded. */
#ifndef MH_CRYPTO_H
#define MH_CRYPTO_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_SHA256_BYTES 32

#define MH_CRYPTO_FUNCTIONS(X)                                                                     \
    X(EVP_DigestVerify)                                                                            \
    X(EVP_DigestVerifyInit)                                                                        \
    X(EVP_MD_CTX_free)                                                                             \
    X(EVP_MD_CTX_new)                                                                              \
    X(EVP_PKEY_CTX_free)                                                                           \
    X(EVP_PKEY_CTX_new_from_name)                                                                  \
    X(EVP_PKEY_free)                                                                               \
    X(EVP_PKEY_fromdata)                                                                           \
    X(EVP_PKEY_fromdata_init)                                                                      \
    X(EVP_PKEY_get_bits)                                                                           \
    X(EVP_sha256)                                                                                  \
    X(HMAC)

struct mh_crypto {
    void *library;
#define MEMBER(name) MH_TYPEOF(name) * name;
    MH_CRYPTO_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* MH_EIO where it is not installed or lacks a function. It stays in memory to the end: it runs code
 * of its own then. */
int mh_crypto_load(struct mh_crypto *crypto, struct mh_err *err) MH_MUST_CHECK;

/* MH_ENOMEM: out of memory. */
int mh_crypto_hmac_sha256(const struct mh_crypto *crypto, const void *key, size_t key_len,
                          const void *bytes, size_t len,
                          unsigned char ret_mac[MH_SHA256_BYTES]) MH_MUST_CHECK;

#endif
