#include "queue/zone.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "queue/civil.h"
#include "queue/zonerule.h"

#define HEADER_SIZE 44
#define LAST_YEAR   2200 /* until which a rule is written out */

/* No zone has ever been further from UTC. */
#define OFFSET_MAX (26 * 3600)

/* Before the Big Bang, which some files begin with; an offset can be added to it. */
#define TIME_MAX (INT64_C(1) << 59)

struct change {
    int64_t at;
    int64_t offset;
};

struct mh_zone {
    int64_t first; /* the offset before the first change */
    struct change *changes;
    size_t count;
    size_t room;
};

/* --- the list of changes */

static int64_t offset_before(const struct mh_zone *zone, size_t index)
{
    return index > 0 ? zone->changes[index - 1].offset : zone->first;
}

/* Changes come in their order. What changes nothing is left out, and of two at one moment the
 * second holds. There is room: see make_zone. */
static void add_change(struct mh_zone *zone, int64_t at, int64_t offset)
{
    if (zone->count > 0 && zone->changes[zone->count - 1].at == at) zone->count--;
    if (offset == offset_before(zone, zone->count) || zone->count == zone->room) return;
    zone->changes[zone->count++] = (struct change){at, offset};
}

static struct mh_zone *make_zone(size_t room)
{
    struct mh_zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) return NULL;
    zone->room = room;
    zone->changes = calloc(room > 0 ? room : 1, sizeof *zone->changes);
    if (zone->changes != NULL) return zone;
    free(zone);
    return NULL;
}

static void add_rule(struct mh_zone *zone, const struct mh_zone_rule *rule, int64_t after)
{
    if (after != INT64_MIN && !rule->summer) add_change(zone, after, rule->offset);
    if (!rule->summer) return;
    for (int year = 1970; year <= LAST_YEAR; year++) {
        struct mh_zone_turn turns[2];
        mh_zone_rule_turns(rule, year, turns);
        for (int i = 0; i < 2; i++)
            if (turns[i].at > after) add_change(zone, turns[i].at, turns[i].offset);
    }
}

/* --- the file: a header and data of version 1, the same of version 2 with longer times, the rule
 */

struct header {
    int version;
    uint32_t is_utc, is_std, leaps, times, types, chars;
};

struct cursor {
    const unsigned char *at;
    size_t left;
};

static bool skip(struct cursor *cursor, uint64_t len)
{
    if (len > cursor->left) return false;
    cursor->at += len;
    cursor->left -= (size_t)len;
    return true;
}

static uint32_t get4(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}

static int64_t get8(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return (int64_t)be64toh(value);
}

static bool read_header(struct cursor *cursor, struct header *ret_header)
{
    const unsigned char *at = cursor->at;
    if (cursor->left < HEADER_SIZE || memcmp(at, "TZif", 4) != 0) return false;
    *ret_header = (struct header){
        .version = at[4] == 0 ? 1 : at[4] - '0',
        .is_utc = get4(at + 20),
        .is_std = get4(at + 24),
        .leaps = get4(at + 28),
        .times = get4(at + 32),
        .types = get4(at + 36),
        .chars = get4(at + 40),
    };
    return skip(cursor, HEADER_SIZE);
}

/* Every count is 32 bits wide: the sum does not overflow. */
static uint64_t data_size(const struct header *header, uint64_t time_size)
{
    return header->times * (time_size + 1) + header->types * UINT64_C(6) + header->chars +
           header->leaps * (time_size + 4) + header->is_std + header->is_utc;
}

static bool is_time(int64_t second)
{
    return second >= -TIME_MAX && second <= TIME_MAX;
}

/* Whether types and times are what RFC 8536 demands of them. */
static bool check_data(const struct header *header, const unsigned char *data)
{
    const unsigned char *indexes = data + header->times * 8, *types = indexes + header->times;
    for (size_t i = 0; i < header->times; i++) {
        int64_t at = get8(data + 8 * i);
        if (indexes[i] >= header->types || !is_time(at)) return false;
        if (i > 0 && at <= get8(data + 8 * i - 8)) return false;
    }
    for (size_t i = 0; i < header->types; i++) {
        int32_t offset = (int32_t)get4(types + 6 * i);
        if (offset < -OFFSET_MAX || offset > OFFSET_MAX) return false;
    }
    return header->types > 0 && header->leaps == 0;
}

static struct mh_zone *read_data(const struct header *header, const unsigned char *data)
{
    const unsigned char *indexes = data + header->times * 8, *types = indexes + header->times;
    struct mh_zone *zone = make_zone(header->times + 2 * (LAST_YEAR - 1970 + 1) + 1);
    if (zone == NULL) return NULL;
    zone->first = (int32_t)get4(types);
    for (size_t i = 0; i < header->times; i++)
        add_change(zone, get8(data + 8 * i), (int32_t)get4(types + 6 * indexes[i]));
    return zone;
}

/* "\n", the rule, "\n"; an empty one means that nothing is known. */
static bool read_footer(const struct cursor *cursor, struct mh_zone_rule *ret_rule, bool *ret_there)
{
    char text[MH_ZONE_RULE_MAX + 1];
    if (cursor->left < 2 || cursor->at[0] != '\n') return false;
    const unsigned char *end = memchr(cursor->at + 1, '\n', cursor->left - 1);
    if (end == NULL) return false;
    size_t len = (size_t)(end - cursor->at - 1);
    *ret_there = len > 0;
    if (len == 0) return true;
    if (len > MH_ZONE_RULE_MAX || memchr(cursor->at + 1, '\0', len) != NULL) return false;
    memcpy(text, cursor->at + 1, len);
    text[len] = '\0';
    return mh_zone_rule_parse(text, ret_rule);
}

int mh_zone_read(const char *bytes, size_t len, struct mh_zone **ret_zone, struct mh_err *err)
{
    struct cursor cursor = {(const unsigned char *)bytes, len};
    struct header header;
    struct mh_zone_rule rule = {0};
    bool has_rule = false;
    if (!read_header(&cursor, &header))
        return mh_err_set(err, MH_EINVAL, "it is not a file of zone information");
    if (header.version < 2)
        return mh_err_set(err, MH_EINVAL, "it has the old form of zone information, version 1");
    const unsigned char *data = NULL;
    bool good = skip(&cursor, data_size(&header, 4)) && read_header(&cursor, &header);
    if (good) data = cursor.at;
    if (!good || !skip(&cursor, data_size(&header, 8)) || !check_data(&header, data) ||
        !read_footer(&cursor, &rule, &has_rule))
        return mh_err_set(err, MH_EINVAL,
                          "its zone information is damaged, or counts leap seconds");
    struct mh_zone *zone = read_data(&header, data);
    if (zone == NULL) return mh_err_set(err, MH_ENOMEM, "out of memory");
    int64_t last = header.times > 0 ? get8(data + 8 * (header.times - 1)) : INT64_MIN;
    if (has_rule) add_rule(zone, &rule, last);
    *ret_zone = zone;
    return 0;
}

/* --- by name */

/* Zones begin with a capital letter: what else there is in the folder is lower case, as the
 * machine's own `localtime` is, which would mean something else on every machine. No dot, so
 * nothing leads out of the folder. */
static bool check_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_+-/";
    size_t len = strlen(name);
    return len > 0 && len <= MH_ZONE_NAME_MAX && name[0] >= 'A' && name[0] <= 'Z' &&
           strspn(name, allowed) == len && name[len - 1] != '/' && strstr(name, "//") == NULL;
}

/* A folder is no zone, nor is what would be in a file. */
static bool is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? S_ISREG(info.st_mode) : errno != ENOENT && errno != ENOTDIR;
}

/* Why there is no such file: the name, or all zones. */
static int say_missing(const char *folder, const char *name, struct mh_err *err)
{
    struct stat info;
    if (stat(folder, &info) < 0)
        return mh_err_set(err, MH_ENOENT,
                          "unable to find time zone \"%s\": there is no %s here, install the "
                          "package tzdata or use UTC",
                          name, folder);
    return mh_err_set(err, MH_EINVAL,
                      "there is no time zone \"%s\": expected a name such as Europe/Berlin", name);
}

static int read_named(const char *name, const struct mh_buf *bytes, struct mh_zone **ret_zone,
                      struct mh_err *err)
{
    int r = mh_zone_read(mh_buf_text(bytes), bytes->len, ret_zone, err);
    return r < 0 ? mh_err_prefix(err, r, "time zone \"%s\"", name) : 0;
}

int mh_zone_open(const char *folder, const char *name, struct mh_zone **ret_zone,
                 struct mh_err *err)
{
    char path[4096];
    if (!check_name(name))
        return mh_err_set(err, MH_EINVAL,
                          "\"%.80s\" is not the name of a time zone: expected one such as "
                          "Europe/Berlin",
                          name);
    if (strcmp(name, "UTC") == 0) {
        *ret_zone = make_zone(0);
        return *ret_zone != NULL ? 0 : mh_err_set(err, MH_ENOMEM, "out of memory");
    }
    (void)snprintf(path, sizeof path, "%s/%s", folder, name); /* a longer path is not there */
    if (!is_there(path)) return say_missing(folder, name, err);
    struct mh_buf bytes;
    mh_buf_init(&bytes, MH_ZONE_FILE_MAX);
    int r = mh_file_read(path, &bytes, err);
    if (r == 0) r = read_named(name, &bytes, ret_zone, err);
    mh_buf_release(&bytes);
    return r;
}

void mh_zone_free(struct mh_zone *zone)
{
    if (zone == NULL) return;
    free(zone->changes);
    free(zone);
}

struct mh_zone_span mh_zone_span(const struct mh_zone *zone, int64_t second)
{
    size_t low = 0, high = zone->count; /* the first change after the second lies between */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at <= second)
            low = middle + 1;
        else
            high = middle;
    }
    return (struct mh_zone_span){
        .start = low > 0 ? zone->changes[low - 1].at : INT64_MIN,
        .end = low < zone->count ? zone->changes[low].at : INT64_MAX,
        .offset = offset_before(zone, low),
        .before = offset_before(zone, low > 0 ? low - 1 : 0),
    };
}

void mh_zone_format(const struct mh_zone *zone, int64_t second, char ret_text[MH_ZONE_TEXT])
{
    static const char names[] = "SunMonTueWedThuFriSat";
    char time[MH_TIME_TEXT];
    int64_t offset = mh_zone_span(zone, second).offset, local = second + offset;
    int64_t minutes = (offset < 0 ? -offset : offset) / 60;
    mh_time_format(local * 1000, time);
    /* Fits: three letters, a date, a time, and two digits twice. */
    (void)snprintf(ret_text, MH_ZONE_TEXT, "%.3s %.10s %.8s %c%02d:%02d",
                   names + 3 * mh_weekday_of(local / 86400), time, time + 11,
                   offset < 0 ? '-' : '+', (int)(minutes / 60), (int)(minutes % 60));
}
