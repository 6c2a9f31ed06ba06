/* Tokens: what the secret did not sign is refused whatever it is; what it signed is read as claims.
 * The first byte chooses whether the rest is a token or the claims of one. */
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "http/jwt.h"

#define SECRET "a secret of thirty-two bytes or more"

static struct mh_crypto crypto;

static int verify(const char *token, size_t len, const char **ret_claims, struct mh_arena *arena)
{
    const struct mh_jwt_rules rules = {.crypto = &crypto, .secret = SECRET};
    return mh_jwt_verify(&rules, token, len, 1000, arena, ret_claims, NULL);
}

static void verify_claims(const char *claims, struct mh_arena *arena)
{
    const char *read;
    struct mh_buf token;
    mh_buf_init(&token, 1 << 20);
    require(mh_jwt_sign(&crypto, SECRET, claims, &token, NULL) == 0);
    if (verify(token.data, token.len, &read, arena) == 0) {
        require(strcmp(read, claims) == 0);
        require(mh_json_check(read, strlen(read), MH_JSON_OBJECT, NULL) == 0);
    }
    mh_buf_release(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mh_arena arena;
    const char *claims;
    if (size == 0 || size > 100000) return 0;
    if (crypto.library == NULL) require(mh_crypto_load(&crypto, NULL) == 0);
    mh_arena_init(&arena, 1 << 22);
    char *text = malloc(size);
    if (text == NULL) return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] % 2 == 0)
        require(verify(text, size - 1, &claims, &arena) == MH_EINVAL);
    else
        verify_claims(text, &arena);
    free(text);
    mh_arena_release(&arena);
    return 0;
}
