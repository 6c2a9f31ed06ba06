/* The parameters of one statement, in PostgreSQL's binary form.
 *
 *     mh_params_reset(params);
 *     mh_param_int4(params, worker);
 *     mh_param_array(params, MH_OID_TEXT, count);
 *     for (…) mh_item_text(params, types[i]);
 *
 * In the order of their numbers; an array is followed by exactly its items. What does not fit makes
 * the whole fail, asked once by mh_params_failed. */
#ifndef MH_PG_PARAMS_H
#define MH_PG_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"

#define MH_PARAMS_MAX 12 /* of one statement */

/* What an array is of: the numbers are PostgreSQL's own. */
enum mh_oid {
    MH_OID_INT8 = 20,
    MH_OID_INT2 = 21,
    MH_OID_INT4 = 23,
    MH_OID_TEXT = 25,
    MH_OID_FLOAT4 = 700,
    MH_OID_TIMESTAMPTZ = 1184,
    MH_OID_UUID = 2950,
    MH_OID_JSONB = 3802,
};

struct mh_params {
    struct mh_buf bytes;
    int count;
    size_t starts[MH_PARAMS_MAX + 1]; /* each ends where the next begins */
    bool nulls[MH_PARAMS_MAX];

    /* For libpq, set by mh_params_end. */
    const char *values[MH_PARAMS_MAX];
    int lengths[MH_PARAMS_MAX];
    int formats[MH_PARAMS_MAX];
};

void mh_params_init(struct mh_params *params);
void mh_params_release(struct mh_params *params);
void mh_params_reset(struct mh_params *params);

/* False: the parameters are too large, or out of memory. */
bool mh_params_end(struct mh_params *params);

void mh_param_null(struct mh_params *params);
void mh_param_bool(struct mh_params *params, bool value);
void mh_param_int2(struct mh_params *params, int value);
void mh_param_int4(struct mh_params *params, int64_t value);
void mh_param_int8(struct mh_params *params, int64_t value);
void mh_param_text(struct mh_params *params, const char *text); /* NULL is null */
void mh_param_time(struct mh_params *params, int64_t time_ms);  /* 0 is null */
void mh_param_json(struct mh_params *params, const char *json, size_t len);
void mh_param_uuid(struct mh_params *params, const struct mh_uuid *id);       /* NULL is null */
void mh_param_bytes(struct mh_params *params, const void *bytes, size_t len); /* as they are */
void mh_param_array(struct mh_params *params, enum mh_oid of, size_t count);

void mh_item_null(struct mh_params *params);
void mh_item_int2(struct mh_params *params, int value);
void mh_item_int4(struct mh_params *params, int64_t value);
void mh_item_int8(struct mh_params *params, int64_t value);
void mh_item_real(struct mh_params *params, double value);
void mh_item_time(struct mh_params *params, int64_t time_ms);  /* 0 is null */
void mh_item_text(struct mh_params *params, const char *text); /* NULL is null */
void mh_item_textn(struct mh_params *params, const char *text, size_t len);
void mh_item_json(struct mh_params *params, const char *json, size_t len); /* NULL is null */
void mh_item_uuid(struct mh_params *params, const struct mh_uuid *id);

/* A whole array of text, null where `texts` is NULL. */
void mh_param_texts(struct mh_params *params, const char *const *texts, size_t count);

#endif
