#include "base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"

static size_t row_of(const char *name)
{
    size_t count, i = 0;
    const struct mh_setting *table = mh_settings_table(&count);
    while (i < count && strcmp(table[i].name, name) != 0)
        i++;
    assert_true(i < count);
    return i;
}

/* What `config` shows of one setting. */
static const char *shown(const struct mh_settings *settings, const char *name)
{
    static char text[512];
    struct mh_buf out;
    mh_buf_init(&out, sizeof(text) - 1);
    mh_settings_text(settings, row_of(name), &out);
    memcpy(text, mh_buf_text(&out), out.len + 1);
    mh_buf_release(&out);
    return text;
}

/* The problem lines that one value makes. */
static const char *problem_of(const char *name, const char *value)
{
    static char text[1024];
    struct mh_settings settings;
    assert_int_equal(mh_settings_init(&settings), 0);
    mh_settings_set(&settings, name, value, "--option");
    (void)snprintf(text, sizeof(text), "%s", mh_buf_text(&settings.problems));
    mh_settings_release(&settings);
    return text;
}

static void defaults_are_those_of_the_contract(void **state)
{
    struct mh_settings *s = *state;
    assert_string_equal(s->database_url, "sqlite:millhand.db");
    assert_string_equal(s->schema, "millhand");
    assert_string_equal(s->bind, "127.0.0.1");
    assert_string_equal(s->handlers, "handlers");
    assert_string_equal(s->config, "millhand.conf");
    assert_null(s->worker_id);
    assert_null(s->jwt_secret);
    assert_int_equal(s->env, MH_ENV_DEVELOPMENT);
    assert_int_equal(s->max_concurrent_jobs, 1);
    assert_int_equal(s->poll_interval_ms, -1);
    assert_int_equal(s->shutdown_timeout_ms, 30000);
    assert_int_equal(s->lease_ms, 30000);
    assert_int_equal(s->monitor_interval_ms, 30000);
    assert_int_equal(s->health_check_port, 8080);
    assert_int_equal(s->http_port, 8090);
    assert_int_equal(s->unknown_types, MH_UNKNOWN_LEAVE);
    assert_int_equal(s->max_payload_bytes, 1048576);
    assert_int_equal(s->max_result_bytes, 1048576);
    assert_int_equal(s->retention_days, 7);
    assert_int_equal(s->failed_retention_days, 30);
    assert_int_equal(s->sqlite_synchronous, MH_SYNC_NORMAL);
    assert_int_equal(s->log_level, MH_LOG_INFO);
    assert_int_equal(s->log_format, MH_LOG_AUTO);
    assert_int_equal(s->allow_local_projects, 0);
    assert_int_equal(mh_settings_finish(s), 0);
}

static void every_row_is_whole(void **state)
{
    (void)state;
    size_t count;
    const struct mh_setting *table = mh_settings_table(&count);
    assert_in_range(count, 1, MH_SETTINGS_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(row_of(table[i].name), i); /* no name twice */
        assert_non_null(table[i].help);
        assert_int_equal(!table[i].check, !table[i].expected);
        assert_int_equal(table[i].kind == MH_SETTING_CHOICE, table[i].choices != NULL);
        if (table[i].kind == MH_SETTING_INT) assert_true(table[i].min < table[i].max);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(table[i].offset, table[j].offset);
    }
}

static void a_value_is_set_with_its_source(void **state)
{
    struct mh_settings *s = *state;
    assert_true(mh_settings_is_default(s, "LEASE_MS"));
    assert_string_equal(s->source[row_of("LEASE_MS")], "default");
    mh_settings_set(s, "LEASE_MS", "5000", "--lease");
    mh_settings_set(s, "LOG_LEVEL", "WARN", "--level");
    mh_settings_set(s, "LOG_FORMAT", "pretty", "--format");
    mh_settings_set(s, "WORKER_ID", "w-1", "--id");
    assert_int_equal(s->lease_ms, 5000);
    assert_int_equal(s->log_level, MH_LOG_WARN);
    assert_int_equal(s->log_format, MH_LOG_PRETTY);
    assert_string_equal(s->worker_id, "w-1");
    assert_string_equal(s->source[row_of("LEASE_MS")], "--lease");
    assert_false(mh_settings_is_default(s, "LEASE_MS"));
    assert_int_equal(mh_settings_finish(s), 0);
}

static void a_wrong_value_is_named_with_what_was_expected(void **state)
{
    (void)state;
    assert_string_equal(problem_of("LEASE_MS", "abc"),
                        "LEASE_MS: \"abc\" is not a whole number from 1000 to 86400000 "
                        "(from --option)\n");
    assert_string_equal(problem_of("SQLITE_SYNCHRONOUS", "off"),
                        "SQLITE_SYNCHRONOUS: \"off\" is not one of normal, full (from --option)\n");
    assert_string_equal(problem_of("MILLHAND_BIND", "localhost"),
                        "MILLHAND_BIND: \"localhost\" is not an IPv4 or IPv6 address "
                        "(from --option)\n");
    assert_string_equal(problem_of("MILLHAND_BIND", "a\nb\033[31m"),
                        "MILLHAND_BIND: \"a b [31m\" is not an IPv4 or IPv6 address "
                        "(from --option)\n");
}

static void numbers_are_whole_and_within_their_range(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool right;
    } cases[] = {
        {"LEASE_MS", "1000", true},
        {"LEASE_MS", "999", false},
        {"LEASE_MS", "1e4", false},
        {"LEASE_MS", " 5000", false},
        {"LEASE_MS", "+5000", false},
        {"LEASE_MS", "5000x", false},
        {"LEASE_MS", "99999999999999999999", false},
        {"MAX_CONCURRENT_JOBS", "0", false},
        {"MAX_CONCURRENT_JOBS", "1000", true},
        {"MAX_CONCURRENT_JOBS", "1001", false},
        {"HEALTH_CHECK_PORT", "0", true},
        {"HEALTH_CHECK_PORT", "65536", false},
        {"MILLHAND_HTTP_PORT", "0", false},
        {"MAX_PAYLOAD_BYTES", "1023", false},
        {"MAX_PAYLOAD_BYTES", "67108864", true},
        {"MAX_RESULT_BYTES", "67108865", false},
        {"RETENTION_DAYS", "-1", false},
        {"POLL_INTERVAL_MS", "-1", false},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++)
        assert_int_equal(*problem_of(cases[i].name, cases[i].value) == '\0', cases[i].right);
}

#define HEX_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static void texts_are_checked(void **state)
{
    (void)state;
    char long_id[202];
    memset(long_id, 'w', sizeof(long_id));
    long_id[201] = '\0';
    const struct {
        const char *name, *value;
        bool right;
    } cases[] = {
        {"DATABASE_URL", "sqlite:/var/lib/jobs.db", true},
        {"DATABASE_URL", "postgres://h/d", true},
        {"DATABASE_URL", "postgresql://h/d", true},
        {"DATABASE_URL", "sqlite:", false},
        {"DATABASE_URL", "mysql://h/d", false},
        {"DATABASE_URL", "/var/lib/jobs.db", false},
        {"MILLHAND_SCHEMA", "_a1", true},
        {"MILLHAND_SCHEMA", "1a", false},
        {"MILLHAND_SCHEMA", "a\"b", false},
        {"MILLHAND_SCHEMA", "Aa", false},
        {"WORKER_ID", "host-1-1700000000000", true},
        {"WORKER_ID", "two words", false},
        {"WORKER_ID", "w\xc3\xa9", false},
        {"WORKER_ID", long_id, false},
        {"WORKER_ID", long_id + 1, true},
        {"MILLHAND_BIND", "::1", true},
        {"MILLHAND_BIND", "0.0.0.0", true},
        {"MILLHAND_BIND", "1.2.3", false},
        {"MILLHAND_JWT_SECRET", "short", false},
        {"CREDENTIAL_ENCRYPTION_KEY", HEX_KEY, true},
        {"CREDENTIAL_ENCRYPTION_KEY", HEX_KEY "0", false},
        {"CREDENTIAL_ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", true},
        {"CREDENTIAL_ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", true},
        {"CREDENTIAL_ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==", false},
        {"CREDENTIAL_ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh 8", false},
        {"CREDENTIAL_ENCRYPTION_KEY", "a", false},
        {"ANTHROPIC_BASE_URL", "https://model.test", true},
        {"ANTHROPIC_BASE_URL", "model.test", false},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++)
        assert_int_equal(*problem_of(cases[i].name, cases[i].value) == '\0', cases[i].right);
}

static void a_wrong_secret_is_not_shown(void **state)
{
    (void)state;
    assert_string_equal(problem_of("CREDENTIAL_ENCRYPTION_KEY", "hunter2"),
                        "CREDENTIAL_ENCRYPTION_KEY: the value is not 32 bytes as base64 or hex "
                        "(from --option)\n");
    assert_null(strstr(problem_of("DATABASE_URL", "mysql://u:hunter2@h/d"), "hunter2"));
}

static void all_problems_are_listed(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_set(s, "LEASE_MS", "x", "--a");
    mh_settings_set(s, "LOG_LEVEL", "y", "--b");
    assert_int_equal(mh_settings_finish(s), MH_EINVAL);
    const char *text = mh_buf_text(&s->problems);
    assert_int_equal(strncmp(text, "LEASE_MS: ", 10), 0);
    assert_int_equal(strncmp(strchr(text, '\n') + 1, "LOG_LEVEL: ", 11), 0);
    assert_int_equal(s->lease_ms, 30000); /* a wrong value changes nothing */
}

static void production_needs_a_database_url(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_set(s, "MILLHAND_ENV", "production", "environment");
    assert_int_equal(mh_settings_finish(s), MH_EINVAL);
    assert_non_null(strstr(mh_buf_text(&s->problems), "DATABASE_URL: must be set in production"));
}

static void production_with_a_database_url_is_right(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_set(s, "MILLHAND_ENV", "production", "environment");
    mh_settings_set(s, "DATABASE_URL", "sqlite:millhand.db", "environment");
    assert_int_equal(mh_settings_finish(s), 0);
}

static void one_complaint_about_the_database_url_is_enough(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_set(s, "MILLHAND_ENV", "production", "environment");
    mh_settings_problem(s, &(struct mh_err){MH_ENOENT, "DATABASE_URL_FILE: unable to read it"});
    assert_int_equal(mh_settings_finish(s), MH_EINVAL);
    assert_string_equal(mh_buf_text(&s->problems), "DATABASE_URL_FILE: unable to read it\n");
}

static void values_are_shown_as_text(void **state)
{
    struct mh_settings *s = *state;
    assert_string_equal(shown(s, "LEASE_MS"), "30000");
    assert_string_equal(shown(s, "HEALTH_CHECK_PORT"), "8080");
    assert_string_equal(shown(s, "LOG_LEVEL"), "info");
    assert_string_equal(shown(s, "POLL_INTERVAL_MS"), "10000 with notifications, 1000 without");
    assert_string_equal(shown(s, "WORKER_ID"), "HOST-PID-STARTMS");
    assert_string_equal(shown(s, "MILLHAND_JWKS"), "(unset)");
    assert_string_equal(shown(s, "ANTHROPIC_API_KEY"), "(unset)");
    mh_settings_set(s, "UNKNOWN_TYPES", "fail", "environment");
    mh_settings_set(s, "POLL_INTERVAL_MS", "250", "environment");
    assert_string_equal(shown(s, "UNKNOWN_TYPES"), "fail");
    assert_string_equal(shown(s, "POLL_INTERVAL_MS"), "250");
}

static void an_entry_is_what_another_program_would_be_given(void **state)
{
    struct mh_settings *s = *state;
    const char *entry = "";
    assert_int_equal(mh_settings_entry(s, "ANTHROPIC_API_KEY", &s->arena, &entry), 0);
    assert_null(entry);
    mh_settings_set(s, "ANTHROPIC_API_KEY", "hunter2", ".env");
    assert_int_equal(mh_settings_entry(s, "ANTHROPIC_API_KEY", &s->arena, &entry), 0);
    assert_string_equal(entry, "ANTHROPIC_API_KEY=hunter2");
    mh_settings_set(s, "SQLITE_SYNCHRONOUS", "full", ".env");
    assert_int_equal(mh_settings_entry(s, "SQLITE_SYNCHRONOUS", &s->arena, &entry), 0);
    assert_string_equal(entry, "SQLITE_SYNCHRONOUS=full");
}

static void secrets_are_masked(void **state)
{
    struct mh_settings *s = *state;
    mh_settings_set(s, "ANTHROPIC_API_KEY", "hunter2", "environment");
    assert_string_equal(shown(s, "ANTHROPIC_API_KEY"), "********");
}

static void the_password_in_a_database_url_is_masked(void **state)
{
    struct mh_settings *s = *state;
    static const char *const cases[][2] = {
        {"sqlite:/data/a@b://c:d", "sqlite:/data/a@b://c:d"},
        {"postgres://host:5432/db", "postgres://host:5432/db"},
        {"postgres://u@host:5432/db", "postgres://u@host:5432/db"},
        {"postgres://u:hunter2@host/db", "postgres://u:********@host/db"},
        {"postgres://u:h@unter/2?@host/db", "postgres://u:********@host/db"},
        {"postgres://host/db?user=u&password=hunter2&sslmode=require",
         "postgres://host/db?user=u&password=********&sslmode=require"},
        {"postgresql://u:x@h/d?sslpassword=hunter2&Password=hunter2",
         "postgresql://u:********@h/d?sslpassword=********&Password=********"},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        mh_settings_set(s, "DATABASE_URL", cases[i][0], "environment");
        assert_string_equal(shown(s, "DATABASE_URL"), cases[i][1]);
    }
    assert_int_equal(mh_settings_finish(s), 0);
}

/* To mend: test_settings --write-env-example >.env.example */
static void the_committed_example_is_made_from_the_table(void **state)
{
    (void)state;
    char path[4096];
    struct mh_buf made, committed;
    const char *root = getenv("SOURCE_ROOT");
    (void)snprintf(path, sizeof(path), "%s/.env.example", root ? root : ".");
    mh_buf_init(&made, 65536);
    mh_buf_init(&committed, 65536);
    assert_int_equal(mh_file_read(path, &committed, NULL), 0);
    mh_settings_env_example(&made);
    assert_false(mh_buf_failed(&made));
    assert_string_equal(mh_buf_text(&committed), mh_buf_text(&made));
    mh_buf_release(&made);
    mh_buf_release(&committed);
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
    return 0;
}

static int write_example(void)
{
    struct mh_buf text;
    mh_buf_init(&text, 65536);
    mh_settings_env_example(&text);
    int r = fputs(mh_buf_text(&text), stdout);
    mh_buf_release(&text);
    return r < 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(defaults_are_those_of_the_contract),
        CASE(every_row_is_whole),
        CASE(a_value_is_set_with_its_source),
        CASE(a_wrong_value_is_named_with_what_was_expected),
        CASE(numbers_are_whole_and_within_their_range),
        CASE(texts_are_checked),
        CASE(a_wrong_secret_is_not_shown),
        CASE(all_problems_are_listed),
        CASE(production_needs_a_database_url),
        CASE(production_with_a_database_url_is_right),
        CASE(one_complaint_about_the_database_url_is_enough),
        CASE(values_are_shown_as_text),
        CASE(an_entry_is_what_another_program_would_be_given),
        CASE(secrets_are_masked),
        CASE(the_password_in_a_database_url_is_masked),
        CASE(the_committed_example_is_made_from_the_table),
    };
    if (argc > 1 && strcmp(argv[1], "--write-env-example") == 0) return write_example();
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
