#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/settings.h"

/* As `environ` is: not const, and nobody writes to it. */
#define ENVIRONMENT(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})
#define NOTHING          ENVIRONMENT(NULL)

static const char *const files[] = {".env", "other.env", "secret"};

static void write_bytes(const char *name, const char *bytes, size_t len)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void write_file(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static const char *source_of(const struct mh_settings *settings, const char *name)
{
    size_t count, i = 0;
    const struct mh_setting *table = mh_settings_table(&count);
    while (i < count && strcmp(table[i].name, name) != 0)
        i++;
    assert_true(i < count);
    return settings->source[i];
}

static const char *problems(const struct mh_settings *settings)
{
    return mh_buf_text(&settings->problems);
}

static void nothing_set_leaves_the_defaults(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_load(s, NOTHING, ".env", false);
    assert_int_equal(s->lease_ms, 30000);
    assert_string_equal(problems(s), "");
}

static void the_environment_wins_over_the_file(void **state)
{
    struct mh_settings *s = *state;
    write_file(".env", "LEASE_MS=5000\nLOG_LEVEL=debug\nSTRANGER=1\n");
    mh_settings_load(s, ENVIRONMENT("LEASE_MS=7000", "PATH=/bin", "odd"), ".env", false);
    assert_int_equal(s->lease_ms, 7000);
    assert_string_equal(source_of(s, "LEASE_MS"), "environment");
    assert_string_equal(source_of(s, "LOG_LEVEL"), ".env");
    assert_string_equal(problems(s), "");
}

static void set_and_empty_counts_as_unset(void **state)
{
    struct mh_settings *s = *state;
    write_file(".env", "LEASE_MS=5000\nMONITOR_INTERVAL_MS=5\nMONITOR_INTERVAL_MS=\n");
    mh_settings_load(s, ENVIRONMENT("LEASE_MS=", "LOG_LEVEL="), ".env", false);
    assert_int_equal(s->lease_ms, 5000);
    assert_int_equal(s->monitor_interval_ms, 30000);
    assert_string_equal(source_of(s, "LOG_LEVEL"), "default");
    assert_string_equal(problems(s), "");
}

static void wrong_values_are_named_with_where_they_are(void **state)
{
    struct mh_settings *s = *state;
    write_file("other.env", "LOG_LEVEL=loud\n");
    mh_settings_load(s, ENVIRONMENT("LEASE_MS=abc"), "other.env", true);
    assert_string_equal(problems(s),
                        "LEASE_MS: \"abc\" is not a whole number from 1000 to 86400000 "
                        "(from the environment)\n"
                        "LOG_LEVEL: \"loud\" is not one of trace, debug, info, warn, error, fatal "
                        "(from other.env)\n");
    assert_int_equal(mh_settings_finish(s), MH_EINVAL);
}

static void a_file_must_exist_only_where_it_is_required(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_load(s, NOTHING, "none.env", false);
    assert_string_equal(problems(s), "");
    mh_settings_load(s, NOTHING, "none.env", true);
    assert_non_null(strstr(problems(s), "unable to read none.env"));
}

static void a_wrong_line_of_the_file_is_a_problem(void **state)
{
    struct mh_settings *s = *state;
    write_file(".env", "LEASE_MS=5000\nwords\n");
    mh_settings_load(s, NOTHING, ".env", false);
    assert_string_equal(problems(s), "unable to read .env:2: expected NAME=value\n");
}

static void a_secret_is_read_from_a_file(void **state)
{
    struct mh_settings *s = *state;
    write_file("secret", "key with space \r\n");
    mh_settings_load(s, ENVIRONMENT("ANTHROPIC_API_KEY_FILE=secret"), ".env", false);
    assert_string_equal(s->anthropic_key, "key with space ");
    assert_string_equal(source_of(s, "ANTHROPIC_API_KEY"), "ANTHROPIC_API_KEY_FILE");
    assert_string_equal(problems(s), "");
}

static void only_secrets_are_read_from_files(void **state)
{
    struct mh_settings *s = *state;
    write_file("secret", "5000");
    mh_settings_load(s, ENVIRONMENT("LEASE_MS_FILE=secret"), ".env", false);
    assert_int_equal(s->lease_ms, 30000);
}

static void a_wrong_secret_of_a_file_is_not_shown(void **state)
{
    struct mh_settings *s = *state;
    write_file("secret", "hunter2");
    mh_settings_load(s, ENVIRONMENT("CREDENTIAL_ENCRYPTION_KEY_FILE=secret"), ".env", false);
    assert_string_equal(problems(s),
                        "CREDENTIAL_ENCRYPTION_KEY: the value is not 32 bytes as base64 or hex "
                        "(from CREDENTIAL_ENCRYPTION_KEY_FILE)\n");
}

static void a_secret_file_that_cannot_be_read_is_a_problem(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_load(s, ENVIRONMENT("DATABASE_URL_FILE=none", "MILLHAND_ENV=production"), ".env",
                     false);
    assert_int_equal(mh_settings_finish(s), MH_EINVAL);
    assert_string_equal(problems(s), "DATABASE_URL_FILE: unable to read none: no such file\n");
}

static void a_secret_file_without_a_secret_is_a_problem(void **state)
{
    struct mh_settings *s = *state;
    write_file("secret", "\n");
    mh_settings_load(s, ENVIRONMENT("ANTHROPIC_API_KEY_FILE=secret"), ".env", false);
    write_bytes("secret", "a\0b", 3);
    mh_settings_load(s, ENVIRONMENT("ANTHROPIC_API_KEY_FILE=secret"), ".env", false);
    assert_string_equal(problems(s),
                        "ANTHROPIC_API_KEY_FILE: unable to read secret: it is empty\n"
                        "ANTHROPIC_API_KEY_FILE: unable to read secret: it has a NUL byte\n");
    assert_null(s->anthropic_key);
}

static void a_secret_and_its_file_exclude_each_other(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_load(s, ENVIRONMENT("DATABASE_URL=sqlite:a", "DATABASE_URL_FILE=b"), ".env", false);
    assert_string_equal(problems(s),
                        "DATABASE_URL: set together with DATABASE_URL_FILE: keep one of them\n");
}

static void a_secret_file_of_the_environment_wins_over_the_env_file(void **state)
{
    struct mh_settings *s = *state;
    write_file("secret", "sqlite:from-file\n");
    write_file(".env", "DATABASE_URL=sqlite:from-env-file\n");
    mh_settings_load(s, ENVIRONMENT("DATABASE_URL_FILE=secret"), ".env", false);
    assert_string_equal(s->database_url, "sqlite:from-file");
    assert_string_equal(problems(s), "");
}

static void node_env_stands_in_where_millhand_env_is_unset(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_load(s, ENVIRONMENT("NODE_ENV=test"), ".env", false);
    assert_int_equal(s->env, MH_ENV_DEVELOPMENT);
    assert_string_equal(problems(s), "");
    write_file(".env", "NODE_ENV=production\n");
    mh_settings_load(s, ENVIRONMENT("MILLHAND_ENV=development"), ".env", false);
    assert_int_equal(s->env, MH_ENV_DEVELOPMENT);
    assert_string_equal(source_of(s, "MILLHAND_ENV"), "environment");
}

static void node_env_may_say_production(void **state)
{
    struct mh_settings *s = *state;
    write_file(".env", "NODE_ENV=production\n");
    mh_settings_load(s, NOTHING, ".env", false);
    assert_int_equal(s->env, MH_ENV_PRODUCTION);
    assert_string_equal(source_of(s, "MILLHAND_ENV"), "NODE_ENV");
}

static void a_supabase_url_alone_is_refused_with_a_hint(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_load(s, ENVIRONMENT("SUPABASE_URL=https://x.supabase.test"), ".env", false);
    assert_int_equal(mh_settings_finish(s), MH_EINVAL);
    assert_non_null(strstr(problems(s), "SUPABASE_URL cannot stand in"));
    assert_non_null(strstr(problems(s), "connection string"));
}

static void a_supabase_url_beside_a_database_url_is_fine(void **state)
{
    struct mh_settings *s = *state;
    write_file(".env", "SUPABASE_URL=https://x.supabase.test\n");
    mh_settings_load(s, ENVIRONMENT("DATABASE_URL=postgres://h/d"), ".env", false);
    assert_int_equal(mh_settings_finish(s), 0);
}

static int make(void **state)
{
    static struct mh_settings settings;
    *state = &settings;
    return mh_settings_init(&settings);
}

static int drop(void **state)
{
    mh_settings_release(*state);
    for (size_t i = 0; i < MH_LEN(files); i++)
        (void)unlink(files[i]);
    return 0;
}

static char folder[] = "/tmp/millhand-test-settings-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_set_leaves_the_defaults),
        CASE(the_environment_wins_over_the_file),
        CASE(set_and_empty_counts_as_unset),
        CASE(wrong_values_are_named_with_where_they_are),
        CASE(a_file_must_exist_only_where_it_is_required),
        CASE(a_wrong_line_of_the_file_is_a_problem),
        CASE(a_secret_is_read_from_a_file),
        CASE(only_secrets_are_read_from_files),
        CASE(a_wrong_secret_of_a_file_is_not_shown),
        CASE(a_secret_file_that_cannot_be_read_is_a_problem),
        CASE(a_secret_file_without_a_secret_is_a_problem),
        CASE(a_secret_and_its_file_exclude_each_other),
        CASE(a_secret_file_of_the_environment_wins_over_the_env_file),
        CASE(node_env_stands_in_where_millhand_env_is_unset),
        CASE(node_env_may_say_production),
        CASE(a_supabase_url_alone_is_refused_with_a_hint),
        CASE(a_supabase_url_beside_a_database_url_is_fine),
    };
    return cmocka_run_group_tests_name("settings_load", tests, enter_folder, remove_folder);
}
