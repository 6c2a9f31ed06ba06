#include "store/postgres/params.h"

#include <assert.h>
#include <endian.h>
#include <limits.h>
#include <string.h>

#include "store/postgres/times.h"

/* A message of the protocol is at most this long. */
#define BYTES_MAX ((size_t)1 << 30)

#define JSONB_VERSION 1

void mh_params_init(struct mh_params *params)
{
    *params = (struct mh_params){0};
    mh_buf_init(&params->bytes, BYTES_MAX);
}

void mh_params_release(struct mh_params *params)
{
    mh_buf_release(&params->bytes);
}

void mh_params_reset(struct mh_params *params)
{
    mh_buf_reset(&params->bytes);
    params->count = 0;
}

bool mh_params_end(struct mh_params *params)
{
    if (mh_buf_failed(&params->bytes)) return false;
    const char *bytes = mh_buf_text(&params->bytes);
    params->starts[params->count] = params->bytes.len;
    for (int i = 0; i < params->count; i++) {
        params->values[i] = params->nulls[i] ? NULL : bytes + params->starts[i];
        params->lengths[i] = (int)(params->starts[i + 1] - params->starts[i]);
        params->formats[i] = 1;
    }
    return true;
}

/* --- the bytes */

static void put2(struct mh_params *params, uint16_t value)
{
    value = htobe16(value);
    mh_buf_append(&params->bytes, &value, sizeof value);
}

static void put4(struct mh_params *params, uint32_t value)
{
    value = htobe32(value);
    mh_buf_append(&params->bytes, &value, sizeof value);
}

static void put8(struct mh_params *params, uint64_t value)
{
    value = htobe64(value);
    mh_buf_append(&params->bytes, &value, sizeof value);
}

/* --- one value */

static void begin(struct mh_params *params, bool null)
{
    assert(params->count < MH_PARAMS_MAX);
    params->starts[params->count] = params->bytes.len;
    params->nulls[params->count++] = null;
}

void mh_param_null(struct mh_params *params)
{
    begin(params, true);
}

void mh_param_bool(struct mh_params *params, bool value)
{
    begin(params, false);
    mh_buf_char(&params->bytes, value ? 1 : 0);
}

void mh_param_int2(struct mh_params *params, int value)
{
    begin(params, false);
    put2(params, (uint16_t)value);
}

/* A number that is too large names nothing: no more does -1. */
void mh_param_int4(struct mh_params *params, int64_t value)
{
    begin(params, false);
    put4(params, value == (int32_t)value ? (uint32_t)value : UINT32_MAX);
}

void mh_param_int8(struct mh_params *params, int64_t value)
{
    begin(params, false);
    put8(params, (uint64_t)value);
}

void mh_param_text(struct mh_params *params, const char *text)
{
    begin(params, text == NULL);
    if (text != NULL) mh_buf_str(&params->bytes, text);
}

void mh_param_time(struct mh_params *params, int64_t time_ms)
{
    begin(params, time_ms == 0);
    if (time_ms != 0) put8(params, (uint64_t)mh_pg_time(time_ms));
}

void mh_param_json(struct mh_params *params, const char *json, size_t len)
{
    begin(params, false);
    mh_buf_char(&params->bytes, JSONB_VERSION);
    mh_buf_append(&params->bytes, json, len);
}

void mh_param_uuid(struct mh_params *params, const struct mh_uuid *id)
{
    begin(params, id == NULL);
    if (id != NULL) mh_buf_append(&params->bytes, id->b, sizeof id->b);
}

void mh_param_bytes(struct mh_params *params, const void *bytes, size_t len)
{
    begin(params, false);
    mh_buf_append(&params->bytes, bytes, len);
}

/* --- arrays: how many dimensions, whether any item is null, of what; then the one dimension */

void mh_param_array(struct mh_params *params, enum mh_oid of, size_t count)
{
    begin(params, false);
    put4(params, count > 0);
    put4(params, 1); /* some may be null: a hint, the server looks at each */
    put4(params, of);
    if (count == 0) return;
    put4(params, (uint32_t)count);
    put4(params, 1); /* numbered from */
}

void mh_item_null(struct mh_params *params)
{
    put4(params, UINT32_MAX);
}

void mh_item_int2(struct mh_params *params, int value)
{
    put4(params, 2);
    put2(params, (uint16_t)value);
}

void mh_item_int4(struct mh_params *params, int64_t value)
{
    put4(params, 4);
    put4(params, (uint32_t)value);
}

void mh_item_int8(struct mh_params *params, int64_t value)
{
    put4(params, 8);
    put8(params, (uint64_t)value);
}

void mh_item_real(struct mh_params *params, double value)
{
    float real = (float)value;
    uint32_t bits;
    memcpy(&bits, &real, sizeof bits);
    put4(params, 4);
    put4(params, bits);
}

void mh_item_time(struct mh_params *params, int64_t time_ms)
{
    if (time_ms == 0)
        mh_item_null(params);
    else
        mh_item_int8(params, mh_pg_time(time_ms));
}

void mh_item_textn(struct mh_params *params, const char *text, size_t len)
{
    put4(params, (uint32_t)len);
    mh_buf_append(&params->bytes, text, len);
}

void mh_item_text(struct mh_params *params, const char *text)
{
    if (text == NULL)
        mh_item_null(params);
    else
        mh_item_textn(params, text, strlen(text));
}

void mh_item_json(struct mh_params *params, const char *json, size_t len)
{
    if (json == NULL) {
        mh_item_null(params);
        return;
    }
    put4(params, (uint32_t)len + 1);
    mh_buf_char(&params->bytes, JSONB_VERSION);
    mh_buf_append(&params->bytes, json, len);
}

void mh_item_uuid(struct mh_params *params, const struct mh_uuid *id)
{
    put4(params, sizeof id->b);
    mh_buf_append(&params->bytes, id->b, sizeof id->b);
}

void mh_param_texts(struct mh_params *params, const char *const *texts, size_t count)
{
    if (texts == NULL) {
        mh_param_null(params);
        return;
    }
    mh_param_array(params, MH_OID_TEXT, count);
    for (size_t i = 0; i < count; i++)
        mh_item_text(params, texts[i]);
}
