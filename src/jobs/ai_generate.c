/* The type ai_generate: asks a model, tells its answer as it comes and returns
 * it.
 *
 * payload:
 * {"prompt":"…","model":"…","system":"…","max_tokens":1024,"temperature":0.5},
 * of which only the prompt must be there. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "jobs/jobs.h"
#include "jobs/messages.h"
#include "store/event.h"

#define USUAL_TOKENS 1024

/* The API counts tokens at the end only: until then they are guessed by the
 * text. */
#define BYTES_PER_TOKEN 4.0
#define ALMOST          0.99

/* --- what is asked */

static int check_members(const json_t *payload, struct mh_err *err)
{
    static const char *const members[] = {"prompt", "model", "system", "max_tokens", "temperature"};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)payload, name, value)
    {
        size_t i = 0;
        while (i < MH_LEN(members) && strcmp(members[i], name) != 0)
            i++;
        if (i == MH_LEN(members))
            return mh_err_set(err, MH_EINVAL,
                              "payload: unknown member \"%.64s\", expected prompt, model, system, "
                              "max_tokens or temperature",
                              name);
    }
    return 0;
}

/* A member that may be missing, and is then NULL. */
static int read_text(const struct mh_job_context *job, const char *member, const char **ret_text,
                     struct mh_err *err)
{
    if (json_object_get(job->payload, member) != NULL)
        return mh_job_text(job, member, ret_text, err);
    *ret_text = NULL;
    return 0;
}

static int read_tokens(const json_t *payload, int64_t *ret_tokens, struct mh_err *err)
{
    const json_t *value = json_object_get(payload, "max_tokens");
    int64_t tokens = value != NULL ? json_integer_value(value) : USUAL_TOKENS;
    if (tokens < 1 || tokens > MH_MESSAGES_TOKENS_MAX) /* what is no integer has the value 0 */
        return mh_err_set(err, MH_EINVAL,
                          "payload: \"max_tokens\" must be a whole number from 1 to %d",
                          MH_MESSAGES_TOKENS_MAX);
    *ret_tokens = tokens;
    return 0;
}

static int read_temperature(const json_t *payload, double *temperature, struct mh_messages_ask *ask,
                            struct mh_err *err)
{
    const json_t *value = json_object_get(payload, "temperature");
    if (value == NULL) return 0;
    *temperature = json_number_value(value);
    ask->temperature = temperature;
    if (json_is_number(value) && *temperature >= 0 && *temperature <= 1) return 0;
    return mh_err_set(err, MH_EINVAL, "payload: \"temperature\" must be a number from 0 to 1");
}

static int read_model(const struct mh_job_context *job, const char **ret_model, struct mh_err *err)
{
    int r = read_text(job, "model", ret_model, err);
    if (r == 0 && *ret_model != NULL && strlen(*ret_model) > MH_MESSAGES_MODEL_MAX)
        r = mh_err_set(err, MH_EINVAL, "payload: \"model\" is longer than %d bytes",
                       MH_MESSAGES_MODEL_MAX);
    return r;
}

static int read_payload(const struct mh_job_context *job, double *temperature,
                        struct mh_messages_ask *ask, struct mh_err *err)
{
    int r = check_members(job->payload, err);
    if (r == 0) r = mh_job_text(job, "prompt", &ask->prompt, err);
    if (r == 0) r = read_model(job, &ask->model, err);
    if (r == 0) r = read_text(job, "system", &ask->system, err);
    if (r == 0) r = read_tokens(job->payload, &ask->max_tokens, err);
    if (r == 0) r = read_temperature(job->payload, temperature, ask, err);
    return r;
}

/* --- what is told */

struct telling {
    struct mh_job_context *job;
    double tokens;
};

/* The end of the text, as much of it as an event keeps. Not the new piece
 * alone: of what is told in quick succession a worker passes on the last, so
 * pieces would get lost. */
static const char *tail(const char *text, size_t len)
{
    if (len <= MH_EVENT_TEXT_MAX) return text;
    text += len - MH_EVENT_TEXT_MAX;
    while ((*text & 0xc0) == 0x80) /* inside a character */
        text++;
    return text;
}

static void on_text(void *arg, const char *text, size_t len)
{
    struct telling *telling = arg;
    double fraction = (double)len / BYTES_PER_TOKEN / telling->tokens;
    mh_job_progress(telling->job, fraction < ALMOST ? fraction : ALMOST, tail(text, len));
}

static void put_result(struct mh_buf *result, const struct mh_messages_answer *answer)
{
    mh_json_begin(result, '{');
    mh_json_put_str(result, "text", mh_buf_text(&answer->text));
    mh_json_put_str(result, "model", answer->model);
    mh_json_put_str(result, "stop_reason",
                    answer->stop_reason[0] != '\0' ? answer->stop_reason : NULL);
    mh_json_key(result, "usage");
    mh_json_begin(result, '{');
    mh_json_put_int(result, "input_tokens", answer->input_tokens);
    mh_json_put_int(result, "output_tokens", answer->output_tokens);
    mh_json_end(result, '}');
    mh_json_end(result, '}');
}

int mh_job_ai_generate(struct mh_job_context *job, struct mh_err *err)
{
    double temperature;
    struct telling telling = {.job = job};
    struct mh_messages_ask ask = {.on_text = on_text, .arg = &telling};
    struct mh_messages_answer answer;
    int r = read_payload(job, &temperature, &ask, err);
    if (r < 0) return r;
    telling.tokens = (double)ask.max_tokens;
    r = mh_messages_ask(job, &ask, &answer, err);
    if (r == 0) {
        mh_job_progress(job, 1, tail(mh_buf_text(&answer.text), answer.text.len));
        put_result(&job->result, &answer);
    } else if (answer.wait_ms > MH_MESSAGES_WAIT_MAX_MS) {
        mh_job_log("%s; put off for %" PRId64 " s", err->text, answer.wait_ms / 1000);
        mh_job_later(job, answer.wait_ms);
        r = 0;
    }
    mh_messages_release(&answer);
    return r;
}
