#include "store/check.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"

int mh_check_type(const char *type, struct mh_err *err)
{
    if (type == NULL) return mh_err_set(err, MH_EINVAL, "type: is required");
    if (mh_type_valid(type)) return 0;
    return mh_err_set(err, MH_EINVAL, "type: expected 1 to %d of A-Z a-z 0-9 _ . : -", MH_TYPE_MAX);
}

int mh_check_types(const char *const *types, size_t count, struct mh_err *err)
{
    if (types == NULL) return 0;
    if (count > MH_TYPES_MAX)
        return mh_err_set(err, MH_ELIMIT, "types: at most %d, not %zu", MH_TYPES_MAX, count);
    for (size_t i = 0; i < count; i++) {
        int r = mh_check_type(types[i], err);
        if (r < 0) return r;
    }
    return 0;
}

int mh_check_key(const char *field, const char *text, struct mh_err *err)
{
    size_t len = strlen(text);
    if (len == 0) return mh_err_set(err, MH_EINVAL, "%s: must not be empty", field);
    if (len > MH_KEY_MAX)
        return mh_err_set(err, MH_ELIMIT, "%s: at most %d bytes, not %zu", field, MH_KEY_MAX, len);
    if (!mh_utf8_valid(text, len))
        return mh_err_set(err, MH_EINVAL, "%s: is not valid UTF-8", field);
    return 0;
}

/* Those of ASCII, and those of Latin-1, which in UTF-8 are two bytes. */
static bool has_control(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at < ' ' || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0)) return true;
    return false;
}

int mh_check_correlation_id(const char *text, struct mh_err *err)
{
    int r = mh_check_key("correlation_id", text, err);
    if (r < 0 || !has_control(text)) return r;
    return mh_err_set(err, MH_EINVAL, "correlation_id: has a control character");
}

int mh_check_traceparent(const char *text, struct mh_err *err)
{
    if (mh_traceparent_valid(text)) return 0;
    return mh_err_set(err, MH_EINVAL,
                      "traceparent: expected one of W3C Trace Context, such as "
                      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
}

int mh_check_range(const char *field, int64_t value, int64_t min, int64_t max, struct mh_err *err)
{
    if (value >= min && value <= max) return 0;
    return mh_err_set(err, MH_EINVAL, "%s: expected %" PRId64 " to %" PRId64 ", not %" PRId64,
                      field, min, max, value);
}

static int check_json(const char *field, const char *json, size_t len, int64_t max,
                      enum mh_json_kind kind, struct mh_err *err)
{
    if ((int64_t)len > max)
        return mh_err_set(err, MH_ELIMIT, "%s: at most %" PRId64 " bytes, not %zu", field, max,
                          len);
    int r = mh_json_check(json, len, kind, err);
    return r < 0 ? mh_err_prefix(err, r, "%s", field) : 0;
}

static int check_due(const struct mh_dispatch *job, struct mh_err *err)
{
    if (job->delay_ms != 0 && job->run_at != 0)
        return mh_err_set(err, MH_EINVAL, "run_at: give it or a delay, not both");
    int r = mh_check_range("run_at", job->run_at, 0, MH_TIME_MAX, err);
    if (r < 0) return r;
    return mh_check_range("delay", job->delay_ms, 0, MH_DELAY_MAX, err);
}

int mh_dispatch_check(const struct mh_dispatch *job, int64_t max_payload_bytes, struct mh_err *err)
{
    int r = mh_check_type(job->type, err);
    if (r == 0) r = mh_check_range("priority", job->priority, -1, MH_PRIORITY_MAX, err);
    if (r == 0) r = mh_check_range("max_attempts", job->max_attempts, 0, MH_ATTEMPTS_MAX, err);
    if (r == 0) r = check_due(job, err);
    if (r == 0 && job->unique_key != NULL) r = mh_check_key("unique_key", job->unique_key, err);
    if (r == 0 && job->correlation_id != NULL)
        r = mh_check_correlation_id(job->correlation_id, err);
    if (r == 0 && job->traceparent != NULL) r = mh_check_traceparent(job->traceparent, err);
    if (r < 0) return r;
    if (job->payload == NULL) return mh_err_set(err, MH_EINVAL, "payload: is required");
    return check_json("payload", job->payload, job->payload_len, max_payload_bytes, MH_JSON_OBJECT,
                      err);
}

int mh_check_finish(const struct mh_finish *finish, int64_t max_result_bytes, struct mh_err *err)
{
    if (finish->outcome < MH_OUTCOME_COMPLETED || finish->outcome > MH_OUTCOME_LATER)
        return mh_err_set(err, MH_EINVAL, "outcome: no such outcome");
    if (finish->result != NULL)
        return check_json("result", finish->result, finish->result_len, max_result_bytes,
                          MH_JSON_ANY, err);
    return mh_check_range("delay", finish->delay_ms, 0, MH_DELAY_MAX, err);
}
