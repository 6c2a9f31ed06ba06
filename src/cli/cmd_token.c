#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/tenants.h"
#include "http/jwt.h"

#define EXPIRES_MS INT64_C(3600000)
#define CLAIMS_MAX 4096

enum { OPT_TENANT, OPT_SUPER_ADMIN, OPT_EXPIRES };

static const struct mh_option options[] = {
    [OPT_TENANT] = {"tenant", "T", "whom it speaks for: a tenant's name or id"},
    [OPT_SUPER_ADMIN] = {"super-admin", NULL, "it sees and does everything"},
    [OPT_EXPIRES] = {"expires", "TIME", "how long it holds; default: 1h"},
    {NULL},
};

static void put_claims(struct mh_cli *cli, const struct mh_uuid *tenant_id, int64_t expires_ms,
                       struct mh_buf *claims)
{
    int64_t now_s = mh_clock_now_ms() / 1000;
    mh_json_begin(claims, '{');
    if (tenant_id != NULL) mh_json_put_uuid(claims, "tenant_id", tenant_id);
    if (cli->values[OPT_SUPER_ADMIN] != NULL) {
        static const char role[] = "{\"role\":\"super_admin\"}";
        mh_json_put_raw(claims, "app_metadata", role, strlen(role));
    }
    if (cli->settings.jwt_audience != NULL)
        mh_json_put_str(claims, "aud", cli->settings.jwt_audience);
    if (cli->settings.jwt_issuer != NULL) mh_json_put_str(claims, "iss", cli->settings.jwt_issuer);
    mh_json_put_int(claims, "iat", now_s);
    mh_json_put_int(claims, "exp", now_s + (expires_ms + 999) / 1000);
    mh_json_end(claims, '}');
}

static int print(struct mh_cli *cli, const struct mh_uuid *tenant_id, int64_t expires_ms,
                 struct mh_err *err)
{
    struct mh_crypto crypto;
    struct mh_buf claims, token;
    int r = mh_crypto_load(&crypto, err);
    if (r < 0) return r;
    mh_buf_init(&claims, CLAIMS_MAX);
    mh_buf_init(&token, MH_JWT_MAX);
    put_claims(cli, tenant_id, expires_ms, &claims);
    r = mh_buf_failed(&claims)
            ? mh_err_set(err, MH_ELIMIT, "unable to make a token: its claims are too long")
            : mh_jwt_sign(&crypto, cli->settings.jwt_secret, mh_buf_text(&claims), &token, err);
    if (r == 0 && cli->json) {
        mh_json_begin(&cli->out.line, '{');
        mh_json_put_str(&cli->out.line, "token", mh_buf_text(&token));
        mh_json_end(&cli->out.line, '}');
        mh_out_end_json(&cli->out);
    } else if (r == 0) {
        mh_buf_str(&cli->out.line, mh_buf_text(&token));
        mh_out_end(&cli->out);
    }
    mh_buf_release(&claims);
    mh_buf_release(&token);
    return r;
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    const char *tenant = cli->values[OPT_TENANT];
    int64_t expires_ms = EXPIRES_MS;
    struct mh_uuid tenant_id;
    int r = mh_option_duration(cli, OPT_EXPIRES, &expires_ms, err);
    if (r < 0) return r;
    if (tenant == NULL && cli->values[OPT_SUPER_ADMIN] == NULL)
        return mh_cli_usage(cli, err, "whom shall it speak for: --tenant T or --super-admin?");
    if (expires_ms == 0) return mh_cli_usage(cli, err, "--expires must be longer than 0s");
    if (cli->settings.jwt_secret == NULL)
        return mh_err_set(err, MH_EINVAL,
                          "MILLHAND_JWT_SECRET is not set: set it to the secret that `serve` has");
    if (tenant != NULL) r = mh_tenant_id(cli, tenant, &tenant_id, err);
    if (r < 0) return r;
    return print(cli, tenant != NULL ? &tenant_id : NULL, expires_ms, err);
}

const struct mh_command mh_cmd_token = {
    .name = "token",
    .summary = "make a bearer token for the HTTP API",
    .help = "Prints a token that is signed with MILLHAND_JWT_SECRET (HS256), for trying out.",
    .examples = "millhand token --tenant acme --expires 15m\n"
                "curl -H \"Authorization: Bearer $(millhand token --super-admin)\" "
                "localhost:8090/v1/stats",
    .options = options,
    .run = run,
};
