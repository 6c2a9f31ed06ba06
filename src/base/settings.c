#include "base/settings.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/seal.h"
#include "base/webhook.h"

#define ARENA_BYTES    (4 * 1024 * 1024)
#define PROBLEMS_BYTES (64 * 1024)
#define DAY_MS         INT64_C(86400000)
#define MIB            INT64_C(1048576)

static const char from_default[] = "default";

static bool is_store_url(const char *value)
{
    static const char *const schemes[] = {"sqlite:", "postgres://", "postgresql://"};
    for (size_t i = 0; i < MH_LEN(schemes); i++) {
        size_t len = strlen(schemes[i]);
        if (strncmp(value, schemes[i], len) == 0) return value[len] != '\0';
    }
    return false;
}

static bool is_schema(const char *value)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
    size_t len = strlen(value);
    return len >= 1 && len <= 63 && strchr(first, value[0]) &&
           strspn(value, "abcdefghijklmnopqrstuvwxyz_0123456789") == len;
}

static bool is_worker_id(const char *value)
{
    size_t len = 0;
    while (value[len] > ' ' && value[len] <= '~')
        len++;
    return len >= 1 && len <= 200 && value[len] == '\0';
}

static bool is_address(const char *value)
{
    struct in6_addr address;
    return inet_pton(AF_INET, value, &address) == 1 || inet_pton(AF_INET6, value, &address) == 1;
}

/* RFC 7518 wants a key of HS256 to be as long as its hash. */
static bool is_jwt_secret(const char *value)
{
    return strlen(value) >= 32;
}

static bool is_key(const char *value)
{
    return mh_seal_keys_valid(value, true);
}

static bool is_key_list(const char *value)
{
    return mh_seal_keys_valid(value, false);
}

static bool is_webhook_secret(const char *value)
{
    struct mh_webhook_keys keys;
    return mh_webhook_keys_parse(value, &keys) == 0;
}

static bool is_http_url(const char *value)
{
    return strncmp(value, "https://", 8) == 0 || strncmp(value, "http://", 7) == 0;
}

static bool is_path(const char *value)
{
    return value[0] == '/';
}

static const int64_t log_levels[] = {MH_LOG_TRACE, MH_LOG_DEBUG, MH_LOG_INFO,
                                     MH_LOG_WARN,  MH_LOG_ERROR, MH_LOG_FATAL};

#define FIELD(name) .offset = offsetof(struct mh_settings, name)
#define INT         .kind = MH_SETTING_INT
#define CHOICE      .kind = MH_SETTING_CHOICE

/* clang-format off */
static const struct mh_setting table[] = {
    {.name = "DATABASE_URL", FIELD(database_url), .fallback = "sqlite:millhand.db", .secret = true,
     .check = is_store_url, .expected = "sqlite:FILE or postgres://USER@HOST/DATABASE",
     .help = "where jobs are kept; must be set in production"},
    {.name = "MILLHAND_ENV", CHOICE, FIELD(env), .fallback = "development",
     .choices = "development production",
     .help = "what it runs for; where unset, NODE_ENV counts"},
    {.name = "MILLHAND_SCHEMA", FIELD(schema), .fallback = "millhand",
     .check = is_schema, .expected = "a schema name of at most 63 characters a-z, 0-9 and _",
     .help = "schema in PostgreSQL; public where PostgREST or Supabase should see it"},
    {.name = "WORKER_ID", FIELD(worker_id), .shown = "HOST-PID-STARTMS",
     .check = is_worker_id, .expected = "a name of 1 to 200 printable characters without spaces",
     .help = "name of this worker, on its jobs and its log lines"},
    {.name = "MAX_CONCURRENT_JOBS", INT, FIELD(max_concurrent_jobs), .fallback = "1",
     .min = 1, .max = 1000,
     .help = "jobs at once in this worker"},
    {.name = "POLL_INTERVAL_MS", INT, FIELD(poll_interval_ms),
     .shown = "10000 with notifications, 1000 without", .min = 10, .max = DAY_MS,
     .help = "how often to look for jobs where no wake-up comes"},
    {.name = "SHUTDOWN_TIMEOUT_MS", INT, FIELD(shutdown_timeout_ms), .fallback = "30000",
     .min = 100, .max = DAY_MS,
     .help = "from the signal to the exit, TERM and KILL of handlers included"},
    {.name = "LEASE_MS", INT, FIELD(lease_ms), .fallback = "30000", .min = 1000, .max = DAY_MS,
     .help = "a worker silent for so long has lost its jobs"},
    {.name = "MONITOR_INTERVAL_MS", INT, FIELD(monitor_interval_ms), .fallback = "30000",
     .max = DAY_MS,
     .help = "how often queue statistics are logged; 0 = never"},
    {.name = "HEALTH_CHECK_PORT", INT, FIELD(health_check_port), .fallback = "8080", .max = 65535,
     .help = "port of the worker's /health and /metrics; 0 = none"},
    {.name = "MILLHAND_HTTP_PORT", INT, FIELD(http_port), .fallback = "8090",
     .min = 1, .max = 65535,
     .help = "port of `millhand serve`"},
    {.name = "MILLHAND_BIND", FIELD(bind), .fallback = "127.0.0.1",
     .check = is_address, .expected = "an IPv4 or IPv6 address",
     .help = "address that both listen on; 0.0.0.0 = every one of this machine"},
    {.name = "MILLHAND_JWT_SECRET", FIELD(jwt_secret), .secret = true,
     .check = is_jwt_secret, .expected = "a secret of at least 32 bytes",
     .help = "secret of HS256 tokens; `serve` beyond loopback needs it or MILLHAND_JWKS"},
    {.name = "MILLHAND_JWKS", FIELD(jwks),
     .help = "JWKS file with the keys that tokens are signed with"},
    {.name = "MILLHAND_JWT_AUDIENCE", FIELD(jwt_audience),
     .help = "what `aud` of a token must name; unset = anything"},
    {.name = "MILLHAND_JWT_ISSUER", FIELD(jwt_issuer),
     .help = "what `iss` of a token must be; unset = anything"},
    {.name = "MILLHAND_RATE_LIMIT", INT, FIELD(rate_limit), .fallback = "100", .max = 1000000,
     .help = "requests a second of one token, ten times that at once; 0 = any number"},
    {.name = "CREDENTIAL_ENCRYPTION_KEY", FIELD(credential_key), .secret = true,
     .check = is_key, .expected = MH_SEAL_KEY,
     .help = "key that credentials are sealed with"},
    {.name = "CREDENTIAL_ENCRYPTION_KEY_OLD", FIELD(credential_key_old), .secret = true,
     .check = is_key_list, .expected = "keys as above, separated by commas",
     .help = "keys that credentials may still be sealed with, see millhand credential rotate"},
    {.name = "MILLHAND_WEBHOOK_SECRET", FIELD(webhook_secret), .secret = true,
     .check = is_webhook_secret, .expected = MH_WEBHOOK_SECRET,
     .help = "what requests to HTTP handlers are signed with, unless their type has its own"},
    {.name = "MILLHAND_HANDLERS", FIELD(handlers), .fallback = "handlers",
     .help = "folder of the executables that run jobs"},
    {.name = "MILLHAND_CONFIG", FIELD(config), .fallback = "millhand.conf",
     .help = "file with the handlers' settings; where it is named it must exist"},
    {.name = "UNKNOWN_TYPES", CHOICE, FIELD(unknown_types), .fallback = "leave",
     .choices = "leave fail",
     .help = "jobs without a handler here: leave them to other workers, or claim and fail them"},
    {.name = "MAX_PAYLOAD_BYTES", INT, FIELD(max_payload_bytes), .fallback = "1048576",
     .min = 1024, .max = 64 * MIB,
     .help = "largest payload; in PostgreSQL, SQL callers are held to that of the last migrate"},
    {.name = "MAX_RESULT_BYTES", INT, FIELD(max_result_bytes), .fallback = "1048576",
     .min = 1024, .max = 64 * MIB,
     .help = "largest result; in PostgreSQL, SQL callers are held to that of the last migrate"},
    {.name = "RETENTION_DAYS", INT, FIELD(retention_days), .fallback = "7", .max = 36500,
     .help = "days that completed and cancelled jobs are kept; 0 = for ever"},
    {.name = "FAILED_RETENTION_DAYS", INT, FIELD(failed_retention_days), .fallback = "30",
     .max = 36500,
     .help = "days that dead letters are kept; 0 = for ever"},
    {.name = "SQLITE_SYNCHRONOUS", CHOICE, FIELD(sqlite_synchronous), .fallback = "normal",
     .choices = "normal full",
     .help = "whether the last commits survive a power cut: full = yes, and slower"},
    {.name = "LOG_LEVEL", CHOICE, FIELD(log_level), .fallback = "info",
     .choices = "trace debug info warn error fatal", .values = log_levels,
     .help = "what is logged: this and above"},
    {.name = "LOG_FORMAT", CHOICE, FIELD(log_format), .fallback = "auto",
     .choices = "auto json pretty",
     .help = "shape of the log; auto = pretty on a terminal unless in production"},
    {.name = "ALLOW_LOCAL_PROJECTS", INT, FIELD(allow_local_projects), .fallback = "0", .max = 1,
     .help = "1 = projects may be folders of this machine"},
    {.name = "ALLOW_PRIVATE_PROJECTS", INT, FIELD(allow_private_projects), .fallback = "0",
     .max = 1, .help = "1 = the hosts of projects may have private addresses"},
    {.name = "PROJECT_SSH_CONFIG", FIELD(ssh_config),
     .check = is_path, .expected = "the path of a file, from /",
     .help = "configuration of ssh for projects, in place of the account's: keys, known hosts"},
    {.name = "ANTHROPIC_API_KEY", FIELD(anthropic_key), .secret = true,
     .help = "key for the built-in types that ask a model"},
    {.name = "ANTHROPIC_BASE_URL", FIELD(anthropic_url),
     .check = is_http_url, .expected = "a URL that begins with https:// or http://",
     .help = "where the model is asked, unless at the usual place"},
    {.name = "ANTHROPIC_MODEL", FIELD(anthropic_model),
     .help = "the model that is asked where a job names none"},
};
/* clang-format on */
static_assert(MH_LEN(table) <= MH_SETTINGS_MAX, "raise MH_SETTINGS_MAX");

static size_t find_row(const char *name)
{
    size_t i = 0;
    while (i < MH_LEN(table) && strcmp(table[i].name, name) != 0)
        i++;
    assert(i < MH_LEN(table));
    return i;
}

static const char **text_at(const struct mh_settings *settings, size_t i)
{
    return (const char **)((char *)settings + table[i].offset);
}

static int64_t *number_at(const struct mh_settings *settings, size_t i)
{
    return (int64_t *)((char *)settings + table[i].offset);
}

/* "a whole number from 1 to 1000", "one of normal, full". */
static void put_expected(const struct mh_setting *row, struct mh_buf *out)
{
    if (row->kind == MH_SETTING_TEXT) mh_buf_str(out, row->expected);
    if (row->kind == MH_SETTING_INT)
        mh_buf_printf(out, "a whole number from %" PRId64 " to %" PRId64, row->min, row->max);
    if (row->kind != MH_SETTING_CHOICE) return;
    mh_buf_str(out, "one of ");
    for (const char *c = row->choices; *c; c++) {
        mh_buf_char(out, *c == ' ' ? ',' : *c);
        if (*c == ' ') mh_buf_char(out, ' ');
    }
}

static void refuse(struct mh_settings *settings, const struct mh_setting *row, const char *value,
                   const char *source)
{
    struct mh_buf expected;
    struct mh_err problem;
    const char *article = strcmp(source, "environment") == 0 ? "the " : "";
    mh_buf_init(&expected, 1024);
    put_expected(row, &expected);
    /* Its text has no control characters, whatever the value has. */
    if (row->secret)
        (void)mh_err_set(&problem, MH_EINVAL, "%s: the value is not %s (from %s%s)", row->name,
                         mh_buf_text(&expected), article, source);
    else
        (void)mh_err_set(&problem, MH_EINVAL, "%s: \"%.80s\" is not %s (from %s%s)", row->name,
                         value, mh_buf_text(&expected), article, source);
    mh_settings_problem(settings, &problem);
    mh_buf_release(&expected);
}

static bool parse_int(const struct mh_setting *row, const char *value, int64_t *ret_number)
{
    char *end;
    if (!isdigit((unsigned char)value[0])) return false;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (*end != '\0' || errno != 0 || number < row->min || number > row->max) return false;
    *ret_number = number;
    return true;
}

static bool parse_choice(const struct mh_setting *row, const char *value, int64_t *ret_number)
{
    size_t len = strlen(value), i = 0;
    for (const char *choice = row->choices;; i++) {
        size_t choice_len = strcspn(choice, " ");
        if (choice_len == len && strncasecmp(choice, value, len) == 0) {
            *ret_number = row->values ? row->values[i] : (int64_t)i;
            return true;
        }
        if (choice[choice_len] == '\0') return false;
        choice += choice_len + 1;
    }
}

static bool is_right(const struct mh_setting *row, const char *value, int64_t *ret_number)
{
    if (row->kind == MH_SETTING_INT) return parse_int(row, value, ret_number);
    if (row->kind == MH_SETTING_CHOICE) return parse_choice(row, value, ret_number);
    return !row->check || row->check(value);
}

const struct mh_setting *mh_settings_table(size_t *ret_count)
{
    *ret_count = MH_LEN(table);
    return table;
}

void mh_settings_problem(struct mh_settings *settings, const struct mh_err *problem)
{
    mh_buf_str(&settings->problems, problem->text);
    mh_buf_char(&settings->problems, '\n');
}

void mh_settings_set(struct mh_settings *settings, const char *name, const char *value,
                     const char *source)
{
    size_t i = find_row(name);
    int64_t number = 0;
    struct mh_err problem;
    settings->source[i] = source;
    if (!is_right(&table[i], value, &number)) {
        refuse(settings, &table[i], value, source);
        return;
    }
    if (table[i].kind != MH_SETTING_TEXT) {
        *number_at(settings, i) = number;
        return;
    }
    const char *copy = mh_arena_str(&settings->arena, value);
    if (copy) {
        *text_at(settings, i) = copy;
    } else {
        (void)mh_err_set(&problem, MH_ENOMEM, "%s: out of memory", name);
        mh_settings_problem(settings, &problem);
    }
}

int mh_settings_init(struct mh_settings *settings)
{
    *settings = (struct mh_settings){0};
    mh_arena_init(&settings->arena, ARENA_BYTES);
    mh_buf_init(&settings->problems, PROBLEMS_BYTES);
    for (size_t i = 0; i < MH_LEN(table); i++) {
        settings->source[i] = from_default;
        if (table[i].fallback)
            mh_settings_set(settings, table[i].name, table[i].fallback, from_default);
        else if (table[i].kind == MH_SETTING_INT)
            *number_at(settings, i) = -1;
    }
    /* The defaults are right, so only memory can be the problem. */
    return settings->problems.len > 0 || mh_buf_failed(&settings->problems) ? MH_ENOMEM : 0;
}

void mh_settings_release(struct mh_settings *settings)
{
    mh_arena_release(&settings->arena);
    mh_buf_release(&settings->problems);
}

bool mh_settings_is_default(const struct mh_settings *settings, const char *name)
{
    return settings->source[find_row(name)] == from_default;
}

int mh_settings_finish(struct mh_settings *settings)
{
    bool unset = mh_settings_is_default(settings, "DATABASE_URL") &&
                 !strstr(mh_buf_text(&settings->problems), "DATABASE_URL");
    if (unset && settings->supabase_url_seen)
        mh_buf_str(&settings->problems,
                   "DATABASE_URL: unset, and SUPABASE_URL cannot stand in for it: set it to the "
                   "project's connection string (postgres://…, under \"Connect\")\n");
    else if (unset && settings->env == MH_ENV_PRODUCTION)
        mh_buf_str(&settings->problems,
                   "DATABASE_URL: must be set in production, to sqlite:/path/to/FILE or "
                   "postgres://USER@HOST/DATABASE\n");
    return settings->problems.len > 0 || mh_buf_failed(&settings->problems) ? MH_EINVAL : 0;
}

/* A postgres:// URL without what follows the first : of its user's part, and without the passwords
 * of its query. A password may hold any character: the user's part is taken to end at the last @.
 */
static void put_masked_url(struct mh_buf *out, const char *url)
{
    static const char mask[] = "********";
    const char *user = strstr(url, "://") + 3, *at = strrchr(user, '@');
    const char *colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
    if (colon) {
        mh_buf_append(out, url, (size_t)(colon + 1 - url));
        mh_buf_str(out, mask);
        url = at;
    }
    for (const char *secret; (secret = strcasestr(url, "password=")) != NULL;) {
        secret += strlen("password=");
        mh_buf_append(out, url, (size_t)(secret - url));
        mh_buf_str(out, mask);
        url = secret + strcspn(secret, "&");
    }
    mh_buf_str(out, url);
}

static void put_choice(struct mh_buf *out, const struct mh_setting *row, int64_t number)
{
    const char *choice = row->choices;
    for (size_t i = 0; (row->values ? row->values[i] : (int64_t)i) != number; i++)
        choice += strcspn(choice, " ") + 1;
    mh_buf_append(out, choice, strcspn(choice, " "));
}

void mh_settings_text(const struct mh_settings *settings, size_t i, struct mh_buf *out)
{
    const struct mh_setting *row = &table[i];
    const char *text = row->kind == MH_SETTING_TEXT ? *text_at(settings, i) : NULL;
    int64_t number = row->kind == MH_SETTING_TEXT ? -1 : *number_at(settings, i);
    if (row->kind == MH_SETTING_CHOICE)
        put_choice(out, row, number);
    else if (number >= 0)
        mh_buf_printf(out, "%" PRId64, number);
    else if (!text)
        mh_buf_str(out, row->shown ? row->shown : "(unset)");
    else if (row->secret && text != settings->database_url)
        mh_buf_str(out, "********");
    else if (row->secret && strncmp(text, "sqlite:", 7) != 0)
        put_masked_url(out, text);
    else
        mh_buf_str(out, text);
}

int mh_settings_entry(const struct mh_settings *settings, const char *name, struct mh_arena *arena,
                      const char **ret_entry)
{
    size_t i = find_row(name);
    *ret_entry = NULL;
    if (settings->source[i] == from_default) return 0;
    struct mh_buf entry;
    mh_buf_init(&entry, ARENA_BYTES);
    mh_buf_printf(&entry, "%s=", name);
    if (table[i].kind == MH_SETTING_TEXT)
        mh_buf_str(&entry, *text_at(settings, i));
    else
        mh_settings_text(settings, i, &entry);
    if (!mh_buf_failed(&entry)) *ret_entry = mh_arena_str(arena, mh_buf_text(&entry));
    mh_buf_release(&entry);
    return *ret_entry != NULL ? 0 : MH_ENOMEM;
}

void mh_settings_env_example(struct mh_buf *out)
{
    mh_buf_str(out, "# Settings of millhand, each with its default: copy to .env and change. The\n"
                    "# environment wins over that file. For a secret NAME, NAME_FILE names a file "
                    "to\n# read it from.\n");
    for (size_t i = 0; i < MH_LEN(table); i++) {
        const struct mh_setting *row = &table[i];
        mh_buf_printf(out, "\n# %s\n", row->help);
        if (row->kind != MH_SETTING_TEXT || row->expected) {
            mh_buf_str(out, "# ");
            put_expected(row, out);
            mh_buf_char(out, '\n');
        }
        if (row->shown) mh_buf_printf(out, "# unless set: %s\n", row->shown);
        mh_buf_printf(out, "#%s=%s\n", row->name, row->fallback ? row->fallback : "");
    }
}
