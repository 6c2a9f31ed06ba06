/* Durations and times: an input is read as both, and its first eight bytes as a number that is
 * shown as both. */
#include <string.h>

#include "base/clock.h"
#include "fuzz.h"

#define DURATION_MAX (INT64_C(3650) * 24 * 3600 * 1000)

static void check_duration(int64_t ms)
{
    char text[32];
    int64_t again;
    mh_duration_format(ms, text, sizeof text);
    require(mh_duration_parse(text, &again, NULL) == 0);
    require(again == ms);
}

static void check_time(int64_t ms)
{
    char text[MH_TIME_TEXT];
    int64_t again;
    mh_time_format(ms, text);
    require(strlen(text) == MH_TIME_TEXT - 1);
    require(mh_time_parse(text, &again, NULL) == 0);
    require(again == ms);
}

/* One line that says something, and an output left alone. */
static void check_refused(const struct mh_err *err, int64_t ms)
{
    require(err->code == MH_EINVAL && ms == -1);
    require(strncmp(err->text, "unable to read the ", 19) == 0);
    for (const char *at = err->text; *at != '\0'; at++)
        require((unsigned char)*at >= 0x20 && *at != 0x7f);
}

static void check_text(const char *text)
{
    struct mh_err err;
    int64_t ms = -1;
    if (mh_duration_parse(text, &ms, &err) == 0) {
        require(ms >= 0 && ms <= DURATION_MAX);
        check_duration(ms);
    } else {
        check_refused(&err, ms);
    }
    ms = -1;
    if (mh_time_parse(text, &ms, &err) == 0) {
        require(ms >= 0 && ms <= MH_TIME_MAX);
        check_time(ms);
    } else {
        check_refused(&err, ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    check_text(text);
    free(text);

    uint64_t number;
    if (size >= sizeof number) {
        memcpy(&number, data, sizeof number);
        check_duration((int64_t)(number % (DURATION_MAX + 1)));
        check_time((int64_t)(number % (MH_TIME_MAX + 1)));
    }
    return 0;
}
