#include "http/jwks.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#define FILE_MAX      ((size_t)1 << 20)
#define KEYS_MAX      64
#define MODULUS_BYTES 1024
#define MODULUS_BITS  2048 /* at least */
#define HALF          32   /* bytes of a number of P-256 */
#define DER_MAX       72
#define LOOK_US       INT64_C(1000000)

struct mh_jwk {
    enum mh_jwk_kind kind;
    char id[MH_JWK_ID_MAX + 1]; /* empty: none */
    EVP_PKEY *key;
};

struct keys {
    struct mh_jwk items[KEYS_MAX];
    size_t count;
};

struct mh_jwks {
    const struct mh_crypto *crypto;
    const char *path;
    struct keys keys;
    struct stat seen;
    int64_t looked_us;
};

/* --- one key */

static const char *text_of(const json_t *key, const char *name)
{
    return json_string_value(json_object_get(key, name));
}

/* A member that is a number, the first byte the highest. */
static bool decode(const json_t *key, const char *name, unsigned char *bytes, size_t size,
                   size_t *ret_len)
{
    const json_t *value = json_object_get(key, name);
    return json_is_string(value) &&
           mh_base64_decode(json_string_value(value), json_string_length(value), bytes, size,
                            ret_len) == 0;
}

/* OpenSSL takes numbers in the order of the machine. */
static void to_native(unsigned char *bytes, size_t len)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (size_t i = 0; i < len / 2; i++) {
        unsigned char kept = bytes[i];
        bytes[i] = bytes[len - 1 - i];
        bytes[len - 1 - i] = kept;
    }
#endif
}

static OSSL_PARAM param(const char *name, unsigned type, void *data, size_t len)
{
    return (OSSL_PARAM){.key = name, .data_type = type, .data = data, .data_size = len};
}

/* NULL: not a key. */
static EVP_PKEY *build(const struct mh_crypto *crypto, const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = crypto->EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (context == NULL) return NULL;
    if (crypto->EVP_PKEY_fromdata_init(context) != 1 ||
        crypto->EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    crypto->EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *read_rsa(const struct mh_crypto *crypto, const json_t *from)
{
    unsigned char modulus[MODULUS_BYTES], exponent[8];
    size_t modulus_len, exponent_len;
    if (!decode(from, "n", modulus, sizeof modulus, &modulus_len) ||
        !decode(from, "e", exponent, sizeof exponent, &exponent_len))
        return NULL;
    to_native(modulus, modulus_len);
    to_native(exponent, exponent_len);
    OSSL_PARAM params[] = {
        param(OSSL_PKEY_PARAM_RSA_N, OSSL_PARAM_UNSIGNED_INTEGER, modulus, modulus_len),
        param(OSSL_PKEY_PARAM_RSA_E, OSSL_PARAM_UNSIGNED_INTEGER, exponent, exponent_len),
        {0},
    };
    EVP_PKEY *key = build(crypto, "RSA", params);
    if (key == NULL || crypto->EVP_PKEY_get_bits(key) >= MODULUS_BITS) return key;
    crypto->EVP_PKEY_free(key);
    return NULL;
}

static EVP_PKEY *read_p256(const struct mh_crypto *crypto, const json_t *from)
{
    char curve[] = "P-256";
    unsigned char point[1 + 2 * HALF] = {4}; /* not compressed */
    size_t x_len, y_len;
    const char *named = text_of(from, "crv");
    if (named == NULL || strcmp(named, curve) != 0 || !decode(from, "x", point + 1, HALF, &x_len) ||
        !decode(from, "y", point + 1 + HALF, HALF, &y_len) || x_len != HALF || y_len != HALF)
        return NULL;
    OSSL_PARAM params[] = {
        param(OSSL_PKEY_PARAM_GROUP_NAME, OSSL_PARAM_UTF8_STRING, curve, strlen(curve)),
        param(OSSL_PKEY_PARAM_PUB_KEY, OSSL_PARAM_OCTET_STRING, point, sizeof point),
        {0},
    };
    return build(crypto, "EC", params);
}

static const struct {
    const char *type, *alg;
    EVP_PKEY *(*read)(const struct mh_crypto *crypto, const json_t *from);
} kinds[] = {
    [MH_JWK_RSA] = {"RSA", "RS256", read_rsa},
    [MH_JWK_P256] = {"EC", "ES256", read_p256},
};

static bool absent_or(const char *text, const char *wanted)
{
    return text == NULL || strcmp(text, wanted) == 0;
}

/* False: it is of no use here. */
static bool read_key(const struct mh_crypto *crypto, const json_t *from, struct mh_jwk *ret_key)
{
    const char *type = text_of(from, "kty"), *id = text_of(from, "kid");
    if (type == NULL || !absent_or(text_of(from, "use"), "sig") ||
        (id != NULL && strlen(id) > MH_JWK_ID_MAX))
        return false;
    for (size_t i = 0; i < MH_LEN(kinds); i++) {
        if (strcmp(kinds[i].type, type) != 0 || !absent_or(text_of(from, "alg"), kinds[i].alg))
            continue;
        *ret_key = (struct mh_jwk){.kind = (enum mh_jwk_kind)i, .key = kinds[i].read(crypto, from)};
        if (id != NULL) memcpy(ret_key->id, id, strlen(id) + 1);
        return ret_key->key != NULL;
    }
    return false;
}

/* --- the file */

static void release(const struct mh_crypto *crypto, struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        crypto->EVP_PKEY_free(keys->items[i].key);
    keys->count = 0;
}

static void read_keys(const struct mh_crypto *crypto, const json_t *from, struct keys *keys)
{
    for (size_t i = 0; i < json_array_size(from) && keys->count < KEYS_MAX; i++)
        if (read_key(crypto, json_array_get(from, i), &keys->items[keys->count])) keys->count++;
}

static int parse(const struct mh_crypto *crypto, const struct mh_buf *text, struct keys *ret_keys,
                 struct mh_err *err)
{
    json_error_t why;
    int r = mh_json_check(mh_buf_text(text), text->len, MH_JSON_OBJECT, err);
    if (r < 0) return r;
    json_t *root = json_loadb(mh_buf_text(text), text->len, 0, &why);
    read_keys(crypto, json_object_get(root, "keys"), ret_keys);
    json_decref(root);
    if (ret_keys->count > 0) return 0;
    return mh_err_set(err, MH_EINVAL,
                      "it has no RSA key of 2048 bits or more and none of P-256 under \"keys\"");
}

static int load(struct mh_jwks *jwks, struct mh_err *err)
{
    struct mh_buf text;
    struct keys keys = {.count = 0};
    mh_buf_init(&text, FILE_MAX);
    int r = mh_file_read(jwks->path, &text, err);
    if (r == 0) {
        r = parse(jwks->crypto, &text, &keys, err);
        if (r < 0) mh_err_prefix(err, r, "unable to use MILLHAND_JWKS %s", jwks->path);
    }
    if (r == 0) {
        release(jwks->crypto, &jwks->keys);
        jwks->keys = keys;
    }
    mh_buf_release(&text);
    return r;
}

int mh_jwks_open(const struct mh_crypto *crypto, const char *path, struct mh_jwks **ret_jwks,
                 struct mh_err *err)
{
    struct mh_jwks *jwks = calloc(1, sizeof *jwks);
    if (jwks == NULL) return mh_err_set(err, MH_ENOMEM, "unable to read keys: out of memory");
    jwks->crypto = crypto;
    jwks->path = path;
    (void)stat(path, &jwks->seen); /* what is wrong shows when it is read */
    int r = load(jwks, err);
    if (r < 0)
        free(jwks);
    else
        *ret_jwks = jwks;
    return r;
}

void mh_jwks_close(struct mh_jwks *jwks)
{
    if (jwks == NULL) return;
    release(jwks->crypto, &jwks->keys);
    free(jwks);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int mh_jwks_refresh(struct mh_jwks *jwks, struct mh_err *err)
{
    struct stat now;
    int64_t now_us = mh_clock_mono_us();
    if (now_us - jwks->looked_us < LOOK_US) return 0;
    jwks->looked_us = now_us;
    if (stat(jwks->path, &now) < 0) {
        if (jwks->seen.st_ino == 0) return 0; /* it was said already */
        jwks->seen = (struct stat){0};
        return mh_err_sys(err, errno, "unable to read MILLHAND_JWKS %s", jwks->path);
    }
    if (same_file(&now, &jwks->seen)) return 0;
    jwks->seen = now;
    int r = load(jwks, err);
    return r < 0 ? r : 1;
}

/* --- use */

const struct mh_jwk *mh_jwks_next(const struct mh_jwks *jwks, const struct mh_jwk *after,
                                  enum mh_jwk_kind kind, const char *id)
{
    const struct mh_jwk *end = jwks->keys.items + jwks->keys.count;
    for (const struct mh_jwk *key = after != NULL ? after + 1 : jwks->keys.items; key < end; key++)
        if (key->kind == kind && (id == NULL || strcmp(key->id, id) == 0)) return key;
    return NULL;
}

/* One number of a signature as DER has it: without zeros in front, but with one before a byte that
 * would make it negative. Returns the end. */
static unsigned char *put_number(unsigned char *at, const unsigned char *number)
{
    size_t skip = 0;
    while (skip < HALF - 1 && number[skip] == 0)
        skip++;
    size_t pad = number[skip] >= 0x80, len = HALF - skip;
    *at++ = 0x02;
    *at++ = (unsigned char)(len + pad);
    if (pad) *at++ = 0;
    memcpy(at, number + skip, len);
    return at + len;
}

/* A token has the two numbers side by side, OpenSSL wants a sequence of them. */
static size_t to_der(const unsigned char *signature, unsigned char ret_der[DER_MAX])
{
    unsigned char *end = put_number(put_number(ret_der + 2, signature), signature + HALF);
    ret_der[0] = 0x30;
    ret_der[1] = (unsigned char)(end - ret_der - 2);
    return (size_t)(end - ret_der);
}

bool mh_jwk_verifies(const struct mh_jwks *jwks, const struct mh_jwk *key, const void *bytes,
                     size_t len, const unsigned char *signature, size_t signature_len)
{
    const struct mh_crypto *crypto = jwks->crypto;
    unsigned char der[DER_MAX];
    if (key->kind == MH_JWK_P256) {
        if (signature_len != 2 * HALF) return false;
        signature_len = to_der(signature, der);
        signature = der;
    }
    EVP_MD_CTX *context = crypto->EVP_MD_CTX_new();
    bool verifies =
        context != NULL &&
        crypto->EVP_DigestVerifyInit(context, NULL, crypto->EVP_sha256(), NULL, key->key) == 1 &&
        crypto->EVP_DigestVerify(context, signature, signature_len, bytes, len) == 1;
    crypto->EVP_MD_CTX_free(context);
    return verifies;
}
