#include "http/jwt.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"

struct part {
    const char *text;
    size_t len;
};

/* A token taken apart, and its header read. */
struct token {
    struct part header, claims, signature;
    size_t signed_len; /* header and claims with the dot between */
    char alg[8];
    char id[MH_JWK_ID_MAX + 1];
    bool has_id;
};

static int refuse(struct mh_err *err, const char *why)
{
    return mh_err_set(err, MH_EINVAL, "the token %s", why);
}

/* --- reading */

static bool split(const char *text, size_t len, struct token *token)
{
    const char *end = text + len;
    const char *first = memchr(text, '.', len);
    const char *second = first != NULL ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL) return false;
    token->header = (struct part){text, (size_t)(first - text)};
    token->claims = (struct part){first + 1, (size_t)(second - first - 1)};
    token->signature = (struct part){second + 1, (size_t)(end - second - 1)};
    token->signed_len = (size_t)(second - text);
    return true;
}

/* In the one form that a token may have: with the URL's alphabet and without padding. */
static bool is_url_form(struct part part)
{
    for (size_t i = 0; i < part.len; i++)
        if (part.text[i] == '+' || part.text[i] == '/' || part.text[i] == '=') return false;
    return part.len > 0;
}

/* MH_EINVAL: not in that form. The bytes are followed by a NUL. */
static int decode(struct part part, struct mh_arena *arena, char **ret_bytes, size_t *ret_len)
{
    if (!is_url_form(part)) return MH_EINVAL;
    char *bytes = mh_arena_alloc(arena, part.len + 1);
    if (bytes == NULL) return MH_ENOMEM;
    int r = mh_base64_decode(part.text, part.len, bytes, part.len, ret_len);
    if (r < 0) return MH_EINVAL;
    bytes[*ret_len] = '\0';
    *ret_bytes = bytes;
    return 0;
}

/* NULL where the part is no JSON object in base64; with `ret_text` its text. */
static json_t *read_object(struct part part, struct mh_arena *arena, const char **ret_text)
{
    json_error_t error;
    char *text;
    size_t len;
    if (decode(part, arena, &text, &len) < 0) return NULL;
    if (mh_json_check(text, len, MH_JSON_OBJECT, NULL) < 0) return NULL;
    json_t *object = json_loadb(text, len, 0, &error);
    if (object != NULL) *ret_text = text;
    return object;
}

/* NULL, or what is wrong. */
static const char *read_names(const json_t *header, struct token *token)
{
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const json_t *id = json_object_get(header, "kid");
    if (alg == NULL || strlen(alg) >= sizeof token->alg) return "is of an unknown algorithm";
    if (json_object_get(header, "crit") != NULL) return "asks for an extension";
    if (id != NULL && (!json_is_string(id) || json_string_length(id) > MH_JWK_ID_MAX))
        return "has no key id of ours";
    memcpy(token->alg, alg, strlen(alg) + 1);
    token->has_id = id != NULL;
    if (token->has_id) memcpy(token->id, json_string_value(id), json_string_length(id) + 1);
    return NULL;
}

static int read_header(struct mh_arena *arena, struct token *token, struct mh_err *err)
{
    const char *text;
    json_t *header = read_object(token->header, arena, &text);
    if (header == NULL) return refuse(err, "has no readable header");
    const char *wrong = read_names(header, token);
    json_decref(header);
    return wrong != NULL ? refuse(err, wrong) : 0;
}

/* --- signatures */

/* Takes as long whatever differs. */
static bool equal(const unsigned char *a, const unsigned char *b, size_t len)
{
    unsigned differ = 0;
    for (size_t i = 0; i < len; i++)
        differ |= (unsigned)(a[i] ^ b[i]);
    return differ == 0;
}

static int check_mac(const struct mh_jwt_rules *rules, const struct token *token,
                     const unsigned char *signature, size_t len, struct mh_err *err)
{
    unsigned char mac[MH_SHA256_BYTES];
    int r = mh_crypto_hmac_sha256(rules->crypto, rules->secret, strlen(rules->secret),
                                  token->header.text, token->signed_len, mac);
    if (r < 0) return mh_err_set(err, r, "out of memory");
    if (len != sizeof mac || !equal(mac, signature, sizeof mac))
        return refuse(err, "is not signed with our secret");
    return 0;
}

static int check_key(const struct mh_jwt_rules *rules, const struct token *token,
                     enum mh_jwk_kind kind, const unsigned char *signature, size_t len,
                     struct mh_err *err)
{
    const struct mh_jwk *key = NULL;
    const char *id = token->has_id ? token->id : NULL;
    while ((key = mh_jwks_next(rules->keys, key, kind, id)) != NULL)
        if (mh_jwk_verifies(rules->keys, key, token->header.text, token->signed_len, signature,
                            len))
            return 0;
    return refuse(err, "is not signed with a key of ours");
}

/* The algorithm decides by what it is verified, and only what is configured for it can be that. */
static int check_signature(const struct mh_jwt_rules *rules, const struct token *token,
                           struct mh_arena *arena, struct mh_err *err)
{
    char *bytes;
    size_t len;
    int r = decode(token->signature, arena, &bytes, &len);
    if (r < 0)
        return r == MH_ENOMEM ? mh_err_set(err, r, "out of memory")
                              : refuse(err, "has no readable signature");
    const unsigned char *signature = (const unsigned char *)bytes;
    if (rules->secret != NULL && strcmp(token->alg, "HS256") == 0)
        return check_mac(rules, token, signature, len, err);
    if (rules->keys != NULL && strcmp(token->alg, "RS256") == 0)
        return check_key(rules, token, MH_JWK_RSA, signature, len, err);
    if (rules->keys != NULL && strcmp(token->alg, "ES256") == 0)
        return check_key(rules, token, MH_JWK_P256, signature, len, err);
    return refuse(err, "is of an algorithm that is not accepted here");
}

/* --- claims */

static bool is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

static bool names(const json_t *audience, const char *text)
{
    for (size_t i = 0; i < json_array_size(audience); i++)
        if (is_text(json_array_get(audience, i), text)) return true;
    return is_text(audience, text);
}

/* NULL, or what is wrong. */
static const char *wrong_claims(const struct mh_jwt_rules *rules, const json_t *claims,
                                int64_t now_ms)
{
    const json_t *ends = json_object_get(claims, "exp"), *begins = json_object_get(claims, "nbf");
    double now_s = (double)now_ms / 1000, leeway_s = MH_JWT_LEEWAY_MS / 1000.0;
    if (!json_is_number(ends)) return "has no time of expiry (exp)";
    if (!(json_number_value(ends) + leeway_s > now_s)) return "has expired";
    if (begins != NULL && !json_is_number(begins)) return "has a wrong nbf";
    if (begins != NULL && !(json_number_value(begins) - leeway_s <= now_s))
        return "does not hold yet (nbf)";
    if (rules->audience != NULL && !names(json_object_get(claims, "aud"), rules->audience))
        return "is for another audience (aud)";
    if (rules->issuer != NULL && !is_text(json_object_get(claims, "iss"), rules->issuer))
        return "is of another issuer (iss)";
    return NULL;
}

int mh_jwt_verify(const struct mh_jwt_rules *rules, const char *token, size_t len, int64_t now_ms,
                  struct mh_arena *arena, const char **ret_claims, struct mh_err *err)
{
    struct token parts = {0};
    const char *text;
    if (len > MH_JWT_MAX) return refuse(err, "is too long");
    if (!split(token, len, &parts)) return refuse(err, "does not have three parts");
    int r = read_header(arena, &parts, err);
    if (r == 0) r = check_signature(rules, &parts, arena, err);
    if (r < 0) return r;
    json_t *claims = read_object(parts.claims, arena, &text);
    if (claims == NULL) return refuse(err, "has no readable claims");
    const char *wrong = wrong_claims(rules, claims, now_ms);
    json_decref(claims);
    if (wrong != NULL) return refuse(err, wrong);
    *ret_claims = text;
    return 0;
}

/* --- signing */

int mh_jwt_sign(const struct mh_crypto *crypto, const char *secret, const char *claims,
                struct mh_buf *out, struct mh_err *err)
{
    static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    unsigned char mac[MH_SHA256_BYTES];
    size_t start = out->len;
    mh_base64url_encode(header, strlen(header), out);
    mh_buf_char(out, '.');
    mh_base64url_encode(claims, strlen(claims), out);
    int r = mh_buf_failed(out) ? MH_ENOMEM : 0;
    if (r == 0)
        r = mh_crypto_hmac_sha256(crypto, secret, strlen(secret), mh_buf_text(out) + start,
                                  out->len - start, mac);
    if (r < 0) return mh_err_set(err, r, "unable to sign a token: out of memory");
    mh_buf_char(out, '.');
    mh_base64url_encode(mac, sizeof mac, out);
    if (!mh_buf_failed(out)) return 0;
    return mh_err_set(err, MH_ENOMEM, "unable to sign a token: out of memory");
}
