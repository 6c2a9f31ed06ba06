#include "base/crypto.h"

#include <dlfcn.h>

#include "base/library.h"

#define LIBRARY "libcrypto.so.3"

int mh_crypto_hmac_sha256(const struct mh_crypto *crypto, const void *key, size_t key_len,
                          const void *bytes, size_t len, unsigned char ret_mac[MH_SHA256_BYTES])
{
    unsigned char mac[MH_SHA256_BYTES];
    unsigned mac_len;
    if (crypto->HMAC(crypto->EVP_sha256(), key, (int)key_len, bytes, len, mac, &mac_len) == NULL)
        return MH_ENOMEM;
    for (size_t i = 0; i < sizeof mac; i++)
        ret_mac[i] = mac[i];
    return 0;
}

int mh_crypto_load(struct mh_crypto *crypto, struct mh_err *err)
{
    const char *missing = NULL;
    crypto->library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (crypto->library == NULL)
        return mh_err_set(err, MH_EIO,
                          "unable to load OpenSSL: install version 3 (Debian: libssl3) (%s)",
                          dlerror());
#define LOAD(name)                                                                                 \
    if (!mh_library_find(crypto->library, #name, &crypto->name)) missing = #name;
    MH_CRYPTO_FUNCTIONS(LOAD)
#undef LOAD
    if (missing != NULL)
        return mh_err_set(err, MH_EIO, "unable to use OpenSSL: it has no %s, version 3 is needed",
                          missing);
    /* OpenSSL builds its tables at the first use and does not bear to run out of memory then: that
     * had better be now than with a job in hand. */
    unsigned char mac[MH_SHA256_BYTES];
    if (mh_crypto_hmac_sha256(crypto, "", 0, "", 0, mac) == 0) return 0;
    return mh_err_set(err, MH_ENOMEM, "unable to start OpenSSL: out of memory");
}
