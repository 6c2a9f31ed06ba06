/* Jobs from outside: whatever is accepted holds a checked payload inside the text, and the scanner
 * for raw members finds what jansson finds. */
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "queue/rawjson.h"
#include "queue/spec.h"

#define FLAGS (JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY)

/* The decoded name: a string value as far as jansson is concerned. */
static json_t *decode_name(const struct mh_member *member)
{
    json_t *name = json_loadb(member->name - 1, member->name_len + 2, JSON_DECODE_ANY, NULL);
    require(json_is_string(name));
    return name;
}

static void compare_members(const char *text, size_t len)
{
    json_t *whole = json_loadb(text, len, FLAGS, NULL);
    require(json_is_object(whole));
    size_t found = 0;
    struct mh_member member;
    struct mh_rawjson scan = mh_rawjson_begin(text, len);
    while (mh_rawjson_next(&scan, &member)) {
        json_t *name = decode_name(&member);
        json_t *value = json_loadb(member.value, member.value_len, FLAGS, NULL);
        require(json_equal(json_object_get(whole, json_string_value(name)), value));
        require(mh_rawjson_is(&member, "type") == (strcmp(json_string_value(name), "type") == 0));
        found++;
        json_decref(value);
        json_decref(name);
    }
    require(found == json_object_size(whole));
    json_decref(whole);
}

static void parse(const char *text, size_t len)
{
    struct mh_spec_defaults defaults = {.allow_tenant = true, .max_payload_bytes = 2000};
    struct mh_arena arena;
    struct mh_dispatch job;
    struct mh_err err = {0};
    mh_arena_init(&arena, 1 << 16);
    int r = mh_spec_parse(text, len, &defaults, &arena, &job, &err);
    require(r <= 0 && (r == 0 || err.text[0] != '\0'));
    if (r == 0) {
        require(mh_type_valid(job.type));
        require(job.payload_len <= 2000);
        require(mh_json_check(job.payload, job.payload_len, MH_JSON_OBJECT, NULL) == 0);
        require(job.priority >= -1 && job.priority <= MH_PRIORITY_MAX && job.delay_ms >= 0);
    }
    mh_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Of the exact size, so that reading one byte too many is seen. */
    char *text = malloc(size > 0 ? size : 1);
    if (text == NULL) return 0;
    memcpy(text, data, size);
    if (mh_json_check(text, size, MH_JSON_OBJECT, NULL) == 0) compare_members(text, size);
    parse(text, size);
    struct mh_member member;
    struct mh_rawjson scan = mh_rawjson_begin(text, size);
    while (mh_rawjson_next(&scan, &member))
        require(member.value + member.value_len <= text + size);
    const char *item;
    size_t item_len;
    scan = mh_rawjson_begin(text, size);
    while (mh_rawjson_next_item(&scan, &item, &item_len))
        require(item + item_len <= text + size);
    free(text);
    return 0;
}
