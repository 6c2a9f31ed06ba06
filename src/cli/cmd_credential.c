#include <string.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/say.h"
#include "cli/secret_input.h"
#include "cli/shelf.h"
#include "cli/tenants.h"
#include "jobs/credential.h"
#include "queue/giturl.h"
#include "queue/record.h"

#define DEFAULT_USERNAME "x-access-token" /* what most servers take with a token */
#define ROUNDS_MAX       5

enum { OPT_TENANT, OPT_USERNAME, OPT_HOST, OPT_REPLACE };

#define TENANT                                                                                     \
    [OPT_TENANT] = {"tenant", "T",                                                                 \
                    "whose credential: a tenant's name or UUID; default: the default one"}

static const struct mh_option add_options[] = {
    TENANT,
    [OPT_USERNAME] = {"username", "U",
                      "the user name that goes with it; default: " DEFAULT_USERNAME},
    [OPT_HOST] = {"host", "HOST", "send it to this HOST[:PORT] only; default: where projects say"},
    [OPT_REPLACE] = {"replace", NULL, "where there is one of this name, put this in its place"},
    {NULL},
};
static const struct mh_option name_options[] = {TENANT, {NULL}};
static const struct mh_option list_options[] = {
    [OPT_TENANT] = {"tenant", "T", "of this tenant only: its name or UUID"},
    {NULL},
};

static const struct mh_column columns[] = {
    {.title = "NAME", .max = 40, .shrink = 8},
    {.title = "TENANT"},
    {.title = "USERNAME", .max = 30, .shrink = 8},
    {.title = "HOST", .max = 40, .shrink = 8},
    {.title = "KEY"},
    {.title = "USED"},
};

/* --- looking */

static void put_record(struct mh_buf *line, const struct mh_reply *reply, size_t i)
{
    mh_record_credential(line, &reply->credentials[i]);
}

static void put_row(struct mh_table *table, const struct mh_reply *reply, size_t i)
{
    const struct mh_credential *credential = &reply->credentials[i];
    char tenant[MH_UUID_TEXT], used[MH_TIME_TEXT] = "never";
    mh_uuid_format(&credential->tenant_id, tenant);
    if (credential->used_at != 0) mh_time_format(credential->used_at, used);
    mh_table_cell(table, credential->name);
    mh_table_cell(table, tenant);
    mh_table_cell(table, credential->username);
    mh_table_cell(table, credential->host != NULL ? credential->host : "any");
    mh_table_cell(table, credential->key_id);
    mh_table_cell(table, used);
}

static const struct mh_listing credentials = {columns, MH_LEN(columns), put_record, put_row};

static int no_such(const struct mh_cli *cli, struct mh_err *err)
{
    return mh_err_set(err, MH_ENOENT,
                      "no such credential: %.100s; millhand credential list names them",
                      cli->args[0]);
}

static int read_tenant(struct mh_cli *cli, struct mh_uuid *ret_id, struct mh_err *err)
{
    return mh_tenant_wanted(cli, cli->values[OPT_TENANT], ret_id, err);
}

static int print(struct mh_cli *cli, const struct mh_credential_filter *filter, struct mh_err *err)
{
    struct mh_listed listed = {cli, &credentials};
    struct mh_call call = {.use = mh_listing_print, .arg = &listed};
    int r = mh_store_credential_list(cli->sync.store, filter, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

static int list(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_uuid tenant;
    struct mh_credential_filter filter = {0};
    int r = read_tenant(cli, &tenant, err);
    if (cli->values[OPT_TENANT] != NULL) filter.tenant_id = &tenant;
    return r == 0 ? print(cli, &filter, err) : r;
}

static int show(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_uuid tenant;
    struct mh_shelf shelf;
    mh_shelf_init(&shelf);
    int r = read_tenant(cli, &tenant, err);
    const struct mh_credential_filter filter = {.tenant_id = &tenant, .name = cli->args[0]};
    if (r == 0) r = mh_shelf_credentials(&cli->sync, &filter, &shelf, err);
    if (r == 0 && shelf.count == 0) r = no_such(cli, err);
    if (r == 0)
        mh_listing_print(
            &(struct mh_listed){cli, &credentials},
            &(struct mh_reply){.credentials = shelf.credentials, .count = shelf.count});
    mh_shelf_release(&shelf);
    return r;
}

/* --- adding */

static void take_count(void *arg, const struct mh_reply *reply)
{
    *(size_t *)arg = reply->count;
}

/* 1: changed, 0: somebody else changed it meanwhile. */
static int change(struct mh_cli *cli, const struct mh_credential *credential, struct mh_err *err)
{
    size_t count = 0;
    struct mh_call call = {.use = take_count, .arg = &count};
    int r = mh_store_credential_change(cli->sync.store, credential, mh_call_done, &call, err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    return r < 0 ? r : (int)count;
}

static int put_new(struct mh_cli *cli, const struct mh_credential *credential, struct mh_err *err)
{
    struct mh_call call = {0};
    int r = mh_store_credential_add(cli->sync.store, credential, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

static int put(struct mh_cli *cli, struct mh_credential *credential, struct mh_err *err)
{
    struct mh_shelf shelf;
    const struct mh_credential_filter filter = {.tenant_id = &credential->tenant_id,
                                                .name = credential->name};
    if (cli->values[OPT_REPLACE] == NULL) return put_new(cli, credential, err);
    mh_shelf_init(&shelf);
    int r = mh_shelf_credentials(&cli->sync, &filter, &shelf, err);
    if (r == 0 && shelf.count == 0) {
        r = put_new(cli, credential, err);
    } else if (r == 0) {
        credential->id = shelf.credentials[0].id;
        credential->revision = shelf.credentials[0].revision;
        r = change(cli, credential, err);
        if (r == 0)
            r = mh_err_set(err, MH_ESTATE, "credential %s was changed by somebody else just now",
                           credential->name);
    }
    mh_shelf_release(&shelf);
    return r < 0 ? r : 0;
}

static int seal_and_put(struct mh_cli *cli, const struct mh_seal *seal,
                        struct mh_credential *credential, struct mh_err *err)
{
    char token[MH_TOKEN_MAX + 3];
    size_t len = 0;
    struct mh_buf sealed;
    mh_buf_init(&sealed, MH_CREDENTIAL_SEALED);
    int r = mh_secret_read("Token: ", token, sizeof token, &len, err);
    if (r == 0) r = mh_token_check(token, len, err);
    if (r == 0) r = mh_credential_seal(seal, token, len, credential, &sealed, err);
    mh_seal_wipe(token, sizeof token);
    if (r == 0) r = put(cli, credential, err);
    mh_buf_release(&sealed);
    return r;
}

static int add(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_seal seal;
    struct mh_credential credential = {
        .name = cli->args[0], .username = cli->values[OPT_USERNAME], .host = cli->values[OPT_HOST]};
    if (credential.username == NULL) credential.username = DEFAULT_USERNAME;
    if (!mh_type_valid(credential.name))
        return mh_cli_usage(cli, err, "a credential's name is made of A-Z a-z 0-9 _ . : -");
    int r = credential.host != NULL ? mh_giturl_check_host(credential.host, err) : 0;
    if (r < 0) return mh_err_prefix(err, r, "--host");
    r = mh_credential_keys(&cli->settings, &seal, err);
    if (r == 0) r = read_tenant(cli, &credential.tenant_id, err);
    if (r == 0) r = seal_and_put(cli, &seal, &credential, err);
    mh_seal_close(&seal);
    return r;
}

/* --- rotating */

/* 1: sealed anew, 0: it was already, or somebody changed it. */
static int reseal(struct mh_cli *cli, const struct mh_seal *seal, struct mh_credential *credential,
                  struct mh_err *err)
{
    char token[MH_TOKEN_MAX + MH_SEAL_EXTRA + 1];
    struct mh_buf sealed;
    if (strcmp(credential->key_id, mh_seal_key_id(seal)) == 0) return 0;
    mh_buf_init(&sealed, MH_CREDENTIAL_SEALED);
    int r = mh_credential_open(seal, credential, token, err);
    if (r == 0) r = mh_credential_seal(seal, token, strlen(token), credential, &sealed, err);
    mh_seal_wipe(token, sizeof token);
    if (r == 0) r = change(cli, credential, err);
    mh_buf_release(&sealed);
    return r;
}

/* Counts what it sealed anew and what does not open, and is said; 0: nothing is left to do. */
static int rotate_round(struct mh_cli *cli, const struct mh_seal *seal, bool say, size_t *done,
                        size_t *shut, struct mh_err *err)
{
    struct mh_shelf shelf;
    const struct mh_credential_filter filter = {.sealed = true};
    size_t before = *done;
    mh_shelf_init(&shelf);
    *shut = 0;
    int r = mh_shelf_credentials(&cli->sync, &filter, &shelf, err);
    for (size_t i = 0; r == 0 && i < shelf.count; i++) {
        struct mh_err why = {0};
        int changed = reseal(cli, seal, &shelf.credentials[i], &why);
        if (changed > 0) (*done)++;
        if (changed == MH_EINVAL) {
            (*shut)++;
            if (say) mh_say("%s", why.text);
        } else if (changed < 0) {
            *err = why;
            r = changed;
        }
    }
    mh_shelf_release(&shelf);
    return r < 0 ? r : *done > before;
}

static int rotate(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_seal seal;
    size_t done = 0, shut = 0;
    int r = mh_credential_keys(&cli->settings, &seal, err);
    if (r == 0) r = mh_cli_store(cli, err);
    /* Again until one finds nothing to do: another may have been added with the old key. */
    for (int round = 0; r >= 0 && round < ROUNDS_MAX; round++) {
        r = rotate_round(cli, &seal, round == 0, &done, &shut, err);
        if (r == 0) break;
    }
    mh_seal_close(&seal);
    if (r < 0) return r;
    mh_buf_printf(&cli->out.line, "%zu credential%s sealed with the new key", done,
                  done == 1 ? "" : "s");
    if (shut > 0) mh_buf_printf(&cli->out.line, ", %zu left", shut);
    mh_out_end(&cli->out);
    return shut > 0 ? MH_EXIT_FAILED : MH_EXIT_OK;
}

/* --- deleting */

static int delete (struct mh_cli *cli, struct mh_err *err)
{
    struct mh_uuid tenant;
    size_t count = 0;
    struct mh_call call = {.use = take_count, .arg = &count};
    int r = read_tenant(cli, &tenant, err);
    if (r < 0) return r;
    r = mh_store_credential_remove(cli->sync.store, &tenant, cli->args[0], mh_call_done, &call,
                                   err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    return r == 0 && count == 0 ? no_such(cli, err) : r;
}

static const struct mh_command verbs[] = {
    {
        .name = "add",
        .args = "NAME",
        .summary = "add a token, read from standard input or a prompt",
        .help = "It is sealed with CREDENTIAL_ENCRYPTION_KEY before it is stored, and never shown\n"
                "again. Tenants that add projects over HTTP may use it with --host alone, and at\n"
                "that host.",
        .examples = "millhand credential add github --host github.com\n"
                    "pass show gitlab | millhand credential add gitlab --tenant acme --username "
                    "oauth2",
        .options = add_options,
        .args_min = 1,
        .args_max = 1,
        .run = add,
    },
    {
        .name = "delete",
        .args = "NAME",
        .summary = "delete a credential; projects that name it cannot be cloned then",
        .options = name_options,
        .args_min = 1,
        .args_max = 1,
        .run = delete,
    },
    {
        .name = "list",
        .summary = "list credentials, without their tokens",
        .options = list_options,
        .run = list,
    },
    {
        .name = "rotate",
        .summary = "seal every credential with the new key",
        .help = "To change the key: put the one in force into CREDENTIAL_ENCRYPTION_KEY_OLD and a\n"
                "new one into CREDENTIAL_ENCRYPTION_KEY, of workers first; run this; then take\n"
                "the old one away. Both open credentials in between.",
        .run = rotate,
    },
    {
        .name = "show",
        .args = "NAME",
        .summary = "show a credential, without its token",
        .options = name_options,
        .args_min = 1,
        .args_max = 1,
        .run = show,
    },
    {NULL},
};

const struct mh_command mh_cmd_credential = {
    .name = "credential",
    .args = "add|delete|list|rotate|show",
    .summary = "add, list, show and delete what projects are cloned with",
    .help = "A credential is a token that git is let in with over https. Only running jobs of its\n"
            "tenant get it, and only git is told it.",
    .verbs = verbs,
};
