/* The settings, from one table: parsing, `millhand config`, --help, .env.example and the manual all
 * come from it.
 *
 * Calling order: mh_settings_init (defaults); mh_settings_load (environment, then the .env file
 * where the environment is silent, NAME_FILE for secrets); mh_settings_set for options of the
 * command line; mh_settings_finish (what depends on several settings, ranges). Each of them adds
 * every wrong value to the list of problems and goes on, so that all are named at once; a program
 * with problems prints them all and exits with status 2. To add a setting, add a field here and a
 * row to the table in settings.c, and write .env.example anew (test_settings --write-env-example):
 * nothing else. Where the values come from is settings_load.c. Not thread-safe; read-only after
 * finish. */
#ifndef MH_SETTINGS_H
#define MH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

enum { MH_ENV_DEVELOPMENT, MH_ENV_PRODUCTION }; /* MILLHAND_ENV */
enum { MH_UNKNOWN_LEAVE, MH_UNKNOWN_FAIL };     /* UNKNOWN_TYPES */
enum { MH_SYNC_NORMAL, MH_SYNC_FULL };          /* SQLITE_SYNCHRONOUS */
/* LOG_LEVEL and LOG_FORMAT hold an enum mh_log_level and an enum mh_log_format. */

#define MH_SETTINGS_MAX 48

struct mh_settings {
    /* Strings are NULL where unset without a default; they live in `arena`. */
    const char *database_url, *schema, *worker_id, *bind, *jwt_secret, *jwks, *jwt_audience,
        *jwt_issuer, *credential_key, *credential_key_old, *webhook_secret, *handlers, *config;
    const char *ssh_config, *anthropic_key, *anthropic_url, *anthropic_model;
    int64_t env, max_concurrent_jobs, poll_interval_ms /* -1: by the store */, shutdown_timeout_ms,
        lease_ms, monitor_interval_ms;
    int64_t health_check_port, http_port, rate_limit, unknown_types, max_payload_bytes,
        max_result_bytes;
    int64_t retention_days, failed_retention_days, sqlite_synchronous, log_level, log_format,
        allow_local_projects, allow_private_projects;

    const char *source[MH_SETTINGS_MAX]; /* by row: "default", "environment", ".env", "--db",
                                            "DATABASE_URL_FILE" */
    bool supabase_url_seen;              /* SUPABASE_URL is set */
    struct mh_buf problems;              /* one line per wrong value, each ending in a newline */
    struct mh_arena arena;
};

enum mh_setting_kind { MH_SETTING_TEXT, MH_SETTING_INT, MH_SETTING_CHOICE };

struct mh_setting {
    const char *name;
    enum mh_setting_kind kind;
    size_t offset;
    const char *fallback; /* the default as text; NULL: none */
    const char *shown;    /* the default as the manual says it where `fallback` cannot, else NULL */
    int64_t min, max;     /* INT */
    const char *choices;  /* CHOICE: "normal full", values 0, 1, … unless `values` */
    const int64_t *values;            /* CHOICE: the value of each choice, or NULL */
    bool (*check)(const char *value); /* TEXT: whether it is right; NULL: anything is */
    const char *expected;             /* TEXT: what `check` wants, as "… is not <expected>" */
    bool secret;                      /* masked in `config`, NAME_FILE is read */
    const char *help;                 /* one line, without its default */
};

/* The table, `*ret_count` rows. */
const struct mh_setting *mh_settings_table(size_t *ret_count);

int mh_settings_init(struct mh_settings *settings) MH_MUST_CHECK; /* MH_ENOMEM or 0 */
void mh_settings_release(struct mh_settings *settings);

/* `environment` is NAME=value strings ending in NULL (`environ`). `env_file` is read where it
 * exists; it must exist when `env_file_required`. NODE_ENV stands in for MILLHAND_ENV where that is
 * unset. A set and empty variable counts as unset. */
void mh_settings_load(struct mh_settings *settings, char *const *environment, const char *env_file,
                      bool env_file_required);

/* Adds a wrong value to the list. */
void mh_settings_problem(struct mh_settings *settings, const struct mh_err *problem);

/* Sets one by name; `source` (borrowed for good, a literal) says where from. Unknown names are a
 * bug. */
void mh_settings_set(struct mh_settings *settings, const char *name, const char *value,
                     const char *source);

/* Whether one by name was left unset: what its default names may then be absent. */
bool mh_settings_is_default(const struct mh_settings *settings, const char *name);

/* Checks what several settings decide together: production needs DATABASE_URL; SUPABASE_URL without
 * DATABASE_URL is refused with a hint. Returns MH_EINVAL when there is any problem, then `problems`
 * has them all. */
int mh_settings_finish(struct mh_settings *settings) MH_MUST_CHECK;

/* The value of row `i` as text; "(unset)" and, for secrets, "********" included, a password inside
 * DATABASE_URL masked. */
void mh_settings_text(const struct mh_settings *settings, size_t i, struct mh_buf *out);

/* "NAME=value" as the environment would have it, secrets in clear, for a child that is to have the
 * same settings: copied into `arena`, *ret_entry NULL where it was left unset. MH_ENOMEM or 0. */
int mh_settings_entry(const struct mh_settings *settings, const char *name, struct mh_arena *arena,
                      const char **ret_entry) MH_MUST_CHECK;

/* The whole table as the text of .env.example, every line a comment. */
void mh_settings_env_example(struct mh_buf *out);

#endif
