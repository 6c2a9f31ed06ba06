#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/file.h"
#include "queue/zone.h"

#define YEAR  (INT64_C(31556952))
#define FIRST (-70 * YEAR) /* 1900 */
#define LAST  (225 * YEAR) /* 2195 */

static struct mh_zone *open_zone(const char *name)
{
    struct mh_zone *zone = NULL;
    struct mh_err err = {0};
    if (mh_zone_open(MH_ZONE_FOLDER, name, &zone, &err) < 0) fail_msg("%s: %s", name, err.text);
    return zone;
}

/* The C library, which reads the same files by itself. */
static int64_t library_offset(int64_t second)
{
    struct tm tm;
    time_t at = second;
    assert_non_null(localtime_r(&at, &tm));
    return tm.tm_gmtoff;
}

static void same(const char *name, const struct mh_zone *zone, int64_t second)
{
    int64_t ours = mh_zone_span(zone, second).offset, theirs = library_offset(second);
    if (ours != theirs)
        fail_msg("%s at %lld: %lld, not %lld", name, (long long)second, (long long)ours,
                 (long long)theirs);
}

/* Around each change, and now and then between. */
static void compare(const char *name)
{
    struct mh_zone *zone = open_zone(name);
    (void)setenv("TZ", name, 1);
    tzset();
    struct mh_zone_span span = mh_zone_span(zone, FIRST);
    for (int64_t at = FIRST; at < LAST; at = span.end) {
        span = mh_zone_span(zone, at);
        assert_true(span.start <= at && at < span.end);
        same(name, zone, at);
        if (span.end == INT64_MAX) break;
        same(name, zone, span.end - 1);
        assert_int_equal(mh_zone_span(zone, span.end).before, span.offset);
        assert_int_not_equal(mh_zone_span(zone, span.end).offset, span.offset);
    }
    for (int64_t at = FIRST; at < LAST; at += YEAR / 3)
        same(name, zone, at);
    mh_zone_free(zone);
}

static void every_zone_is_as_the_c_library_has_it(void **state)
{
    char line[300], name[100];
    int count = 0;
    FILE *table = fopen(MH_ZONE_FOLDER "/zone1970.tab", "r");
    assert_non_null(table);
    while (fgets(line, sizeof line, table) != NULL)
        if (line[0] != '#' && sscanf(line, "%*s %*s %99s", name) == 1) {
            compare(name);
            count++;
        }
    (void)fclose(table); /* only read */
    const char *const others[] = {"UTC", "Etc/GMT+5", "EST5EDT", "Etc/GMT-14", "CET"};
    for (size_t i = 0; i < MH_LEN(others); i++)
        compare(others[i]);
    assert_true(count > 300);
    (void)unsetenv("TZ");
    tzset();
}

static int open_code(const char *folder, const char *name, struct mh_err *ret_err)
{
    struct mh_zone *zone = NULL;
    int r = mh_zone_open(folder, name, &zone, ret_err);
    mh_zone_free(zone);
    return r;
}

static void names_lead_nowhere_else(void **state)
{
    struct mh_err err;
    const char *const wrong[] = {
        "",
        "../../../etc/passwd",
        "Europe/../Europe/Berlin",
        "/usr/share/zoneinfo/UTC",
        "Europe/",
        "Europe//Berlin",
        "localtime",
        "posixrules",
        "zone.tab",
        "right/Europe/Berlin",
        "Europe/Berlin\n",
        "Ümlaut",
        "Europe/Berlin/and/a/name/that/is/longer/than/any/name/of/a/time/zone",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        assert_int_equal(open_code(MH_ZONE_FOLDER, wrong[i], &err), MH_EINVAL);
        assert_non_null(strstr(err.text, "not the name of a time zone"));
    }
    assert_int_equal(open_code(MH_ZONE_FOLDER, "Europe/Atlantis", &err), MH_EINVAL);
    assert_string_equal(err.text, "there is no time zone \"Europe/Atlantis\": expected a name such "
                                  "as Europe/Berlin");
    assert_int_equal(open_code(MH_ZONE_FOLDER, "Europe", &err), MH_EINVAL); /* a folder */
    assert_non_null(strstr(err.text, "there is no time zone \"Europe\""));
    assert_int_equal(open_code(MH_ZONE_FOLDER, "UTC/behind", &err), MH_EINVAL);
}

static void without_zones_there_is_utc(void **state)
{
    struct mh_err err;
    assert_int_equal(open_code("/nowhere", "UTC", &err), 0);
    assert_int_equal(open_code("/nowhere", "Europe/Berlin", &err), MH_ENOENT);
    assert_string_equal(err.text, "unable to find time zone \"Europe/Berlin\": there is no "
                                  "/nowhere here, install the package tzdata or use UTC");
}

static void the_clock_on_the_wall_is_shown(void **state)
{
    char text[MH_ZONE_TEXT];
    struct mh_zone *zone = open_zone("America/St_Johns");
    mh_zone_format(zone, 1772323200, text); /* 2026-03-01T00:00:00Z */
    assert_string_equal(text, "Sat 2026-02-28 20:30:00 -03:30");
    mh_zone_free(zone);
    zone = open_zone("UTC");
    mh_zone_format(zone, 0, text);
    assert_string_equal(text, "Thu 1970-01-01 00:00:00 +00:00");
    mh_zone_free(zone);
}

static int read_code(const char *bytes, size_t len)
{
    struct mh_zone *zone = NULL;
    int r = mh_zone_read(bytes, len, &zone, NULL);
    mh_zone_free(zone);
    return r;
}

/* No offset can be added to such a time. */
static void a_change_before_all_time_is_refused(void **state)
{
    static const char least[] = "\x80\0\0\0\0\0\0";
    struct mh_buf bytes;
    mh_buf_init(&bytes, MH_ZONE_FILE_MAX);
    assert_int_equal(mh_file_read(MH_ZONE_FOLDER "/Europe/Berlin", &bytes, NULL), 0);
    char *second = memmem(bytes.data + 4, bytes.len - 4, "TZif", 4);
    assert_non_null(second);
    memcpy(second + 44, least, sizeof least);
    assert_int_equal(read_code(bytes.data, bytes.len), MH_EINVAL);
    mh_buf_release(&bytes);
}

static void damaged_files_are_refused(void **state)
{
    struct mh_buf bytes;
    mh_buf_init(&bytes, MH_ZONE_FILE_MAX);
    assert_int_equal(mh_file_read(MH_ZONE_FOLDER "/Europe/Berlin", &bytes, NULL), 0);
    assert_int_equal(read_code(bytes.data, bytes.len), 0);
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_equal(read_code(bytes.data, len), MH_EINVAL);
    bytes.data[4] = 0;
    assert_int_equal(read_code(bytes.data, bytes.len), MH_EINVAL);
    mh_buf_reset(&bytes);
    assert_int_equal(mh_file_read(MH_ZONE_FOLDER "/right/UTC", &bytes, NULL), 0);
    assert_int_equal(read_code(bytes.data, bytes.len), MH_EINVAL);
    mh_buf_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_zone_is_as_the_c_library_has_it),
        cmocka_unit_test(names_lead_nowhere_else),
        cmocka_unit_test(without_zones_there_is_utc),
        cmocka_unit_test(the_clock_on_the_wall_is_shown),
        cmocka_unit_test(a_change_before_all_time_is_refused),
        cmocka_unit_test(damaged_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
