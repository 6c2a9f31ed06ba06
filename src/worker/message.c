#include "worker/message.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "queue/rawjson.h"

/* Larger ids would not survive a double; ours never come near. */
#define REQUEST_MAX 9007199254740991.0

#define LOAD_FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL)

/* A duration as text, or a number of seconds. Negative: not one. */
static int64_t read_later(const json_t *value)
{
    int64_t ms;
    if (json_is_string(value))
        return mh_duration_parse(json_string_value(value), &ms, NULL) == 0 && ms <= MH_LATER_MAX_MS
                   ? ms
                   : -1;
    double seconds = json_number_value(value);
    bool fits = json_is_number(value) && seconds >= 0 && seconds * 1000 <= (double)MH_LATER_MAX_MS;
    return fits ? (int64_t)(seconds * 1000) : -1;
}

static int read_progress(const json_t *object, struct mh_message *message)
{
    const json_t *value = json_object_get(object, "progress");
    double progress = json_number_value(value);
    if (!json_is_number(value) || progress < 0 || progress > 1) return MH_EINVAL;
    message->progress = progress;
    return 0;
}

static int read_event(const json_t *object, struct mh_message *message)
{
    const json_t *later = json_object_get(object, "later");
    if (json_object_get(object, "progress") != NULL && read_progress(object, message) < 0)
        return MH_EINVAL;
    if (later != NULL && (message->later_ms = read_later(later)) < 0) return MH_EINVAL;
    if (message->progress < 0 && message->later_ms < 0) return MH_EINVAL;
    message->text = json_string_value(json_object_get(object, "message"));
    return 0;
}

/* jansson takes a NUL byte behind a value for the end of the text. */
static json_t *load(const char *line, size_t len)
{
    return memchr(line, '\0', len) == NULL ? json_loadb(line, len, LOAD_FLAGS, NULL) : NULL;
}

static struct mh_message blank(enum mh_message_kind kind)
{
    return (struct mh_message){.kind = kind, .progress = -1, .later_ms = -1};
}

int mh_message_event(const char *line, size_t len, struct mh_message *ret_message)
{
    struct mh_message message = blank(MH_MESSAGE_EVENT);
    json_t *json = load(line, len);
    message.json = json;
    int r = json_is_object(json) ? read_event(json, &message) : MH_EINVAL;
    if (r < 0)
        mh_message_release(&message);
    else
        *ret_message = message;
    return r;
}

/* Nobody waits for an answer to a notification: one that is not understood is to be ignored. */
static int read_notification(const json_t *object, const char *method, struct mh_message *message,
                             struct mh_err *err)
{
    const json_t *params = json_object_get(object, "params");
    bool is_log = strcmp(method, "job.log") == 0;
    if (!is_log && strcmp(method, "job.progress") != 0)
        return mh_err_set(err, MH_ENOENT, "it is neither job.progress nor job.log");
    const char *id = json_string_value(json_object_get(params, "id"));
    if (id == NULL || mh_uuid_parse(id, &message->job) < 0)
        return mh_err_set(err, MH_ENOENT, "params.id of a notification is not a job id");
    message->kind = is_log ? MH_MESSAGE_LOG : MH_MESSAGE_PROGRESS;
    message->text = json_string_value(json_object_get(params, "message"));
    if (is_log && message->text == NULL)
        return mh_err_set(err, MH_ENOENT, "job.log has no message in its params");
    if (!is_log && read_progress(params, message) < 0)
        return mh_err_set(err, MH_ENOENT, "params.progress is not a number from 0 to 1");
    return 0;
}

static int read_error(const json_t *error, struct mh_message *message, struct mh_err *err)
{
    const json_t *data = json_object_get(error, "data");
    const json_t *later = json_object_get(data, "later");
    message->kind = MH_MESSAGE_ERROR;
    message->text = json_string_value(json_object_get(error, "message"));
    if (message->text == NULL)
        return mh_err_set(err, MH_EINVAL, "error.message of a response is missing");
    message->for_good = json_is_false(json_object_get(data, "retry"));
    if (later != NULL && (message->later_ms = read_later(later)) < 0)
        return mh_err_set(err, MH_EINVAL, "error.data.later is not a time such as \"5m\"");
    return 0;
}

static int read_result(const char *line, size_t len, struct mh_message *message, struct mh_err *err)
{
    struct mh_rawjson scan = mh_rawjson_begin(line, len);
    struct mh_member member;
    message->kind = MH_MESSAGE_RESULT;
    while (mh_rawjson_next(&scan, &member)) {
        if (!mh_rawjson_is(&member, "result")) continue;
        message->result = member.value;
        message->result_len = member.value_len;
        return 0;
    }
    return mh_err_set(err, MH_EINVAL, "a response has neither result nor error");
}

static int read_rpc(const char *line, size_t len, const json_t *object, struct mh_message *message,
                    struct mh_err *err)
{
    const char *version = json_string_value(json_object_get(object, "jsonrpc"));
    const char *method = json_string_value(json_object_get(object, "method"));
    const json_t *id = json_object_get(object, "id");
    const json_t *error = json_object_get(object, "error");
    if (version == NULL || strcmp(version, "2.0") != 0)
        return mh_err_set(err, MH_EINVAL, "a line is not a JSON-RPC 2.0 message");
    if (method != NULL) return read_notification(object, method, message, err);
    double request = json_number_value(id);
    if (!json_is_number(id) || !(request >= 0 && request <= REQUEST_MAX) ||
        request != (double)(int64_t)request)
        return mh_err_set(err, MH_EINVAL, "the id of a response is not the request's");
    message->request = (int64_t)request;
    if (json_is_object(error)) return read_error(error, message, err);
    return read_result(line, len, message, err);
}

int mh_message_rpc(const char *line, size_t len, struct mh_message *ret_message, struct mh_err *err)
{
    struct mh_message message = blank(MH_MESSAGE_RESULT);
    json_t *json = load(line, len);
    message.json = json;
    int r = json_is_object(json)
                ? read_rpc(line, len, json, &message, err)
                : mh_err_set(err, MH_EINVAL, "a line is not a JSON-RPC 2.0 message");
    if (r < 0)
        mh_message_release(&message);
    else
        *ret_message = message;
    return r;
}

static int read_answer(const char *line, size_t len, const json_t *object,
                       struct mh_message *message, struct mh_err *err)
{
    const json_t *log = json_object_get(object, "log");
    const json_t *error = json_object_get(object, "error");
    if (json_object_get(object, "result") != NULL) return read_result(line, len, message, err);
    if (json_is_string(error) || json_is_string(log)) {
        message->kind = json_is_string(error) ? MH_MESSAGE_ERROR : MH_MESSAGE_LOG;
        message->text = json_string_value(json_is_string(error) ? error : log);
        message->for_good = json_is_false(json_object_get(object, "retry"));
        return 0;
    }
    message->kind = MH_MESSAGE_EVENT;
    return read_event(object, message) == 0
               ? 0
               : mh_err_set(err, MH_EINVAL,
                            "a line is neither progress, log, later, result nor error");
}

int mh_message_answer(const char *line, size_t len, struct mh_message *ret_message,
                      struct mh_err *err)
{
    struct mh_message message = blank(MH_MESSAGE_EVENT);
    json_t *json = load(line, len);
    message.json = json;
    int r = json_is_object(json) ? read_answer(line, len, json, &message, err)
                                 : mh_err_set(err, MH_EINVAL, "a line is not a JSON object");
    if (r < 0)
        mh_message_release(&message);
    else
        *ret_message = message;
    return r;
}

void mh_message_release(struct mh_message *message)
{
    json_decref(message->json);
    message->json = NULL;
}
