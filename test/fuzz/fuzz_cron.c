/* Cron expressions: the first line of an input is one, the eight bytes behind it are a time after
 * which slots are looked for, in zones with and without summer time. */
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "fuzz.h"
#include "queue/cron.h"

#define YEARS_50 (INT64_C(50) * 366 * 86400 * 1000)

static struct mh_zone *zones[4];

static void open_zones(void)
{
    static const char *const names[] = {"UTC", "Europe/Berlin", "Australia/Lord_Howe",
                                        "America/Santiago"};
    for (size_t i = 0; i < MH_LEN(names) && zones[i] == NULL; i++)
        require(mh_zone_open(MH_ZONE_FOLDER, names[i], &zones[i], NULL) == 0);
}

/* One line that says what of the expression is wrong, and an output left alone. */
static void check_refused(const struct mh_err *err, const struct mh_cron *cron)
{
    require(err->code == MH_EINVAL && cron->seconds == 77);
    require(strncmp(err->text, "cron: ", 6) == 0);
    for (const char *at = err->text; *at != '\0'; at++)
        require((unsigned char)*at >= 0x20 && *at != 0x7f);
}

static void check_slots(const struct mh_cron *cron, const struct mh_zone *zone, int64_t after_ms)
{
    int64_t first = mh_cron_next(cron, zone, after_ms);
    require(first == 0 || (first > after_ms && first <= after_ms + YEARS_50 && first % 1000 == 0));
    if (first == 0) return;
    require(mh_cron_next(cron, zone, after_ms + (first - after_ms) / 2) == first);
    require(mh_cron_next(cron, zone, first - 1) == first);
    int64_t second = mh_cron_next(cron, zone, first);
    if (second == 0) return;
    require(second > first);
    require(mh_cron_last(cron, zone, first, second - 1) == first);
    require(mh_cron_last(cron, zone, first, second) == second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = memchr(data, '\n', size);
    size_t len = newline != NULL ? (size_t)(newline - data) : size;
    uint64_t number = 0;
    if (size - len > sizeof number) memcpy(&number, newline + 1, sizeof number);
    char *text = malloc(len + 1);
    require(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';

    open_zones();
    struct mh_cron cron = {.seconds = 77};
    struct mh_err err;
    if (mh_cron_parse(text, &cron, &err) < 0)
        check_refused(&err, &cron);
    else
        for (size_t i = 0; i < MH_LEN(zones); i++)
            check_slots(&cron, zones[i], (int64_t)(number % (MH_TIME_MAX - YEARS_50)));
    free(text);
    return 0;
}
