#include "worker/result.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "worker/handler.h"

int mh_result_why(const struct mh_buf *text)
{
    if (!mh_buf_failed(text)) return 0;
    return mh_buf_full(text) ? MH_ELIMIT : MH_ENOMEM;
}

/* MH_EINVAL where it is neither JSON nor text. */
static int read_text(const struct mh_buf *given, struct mh_buf *json, struct mh_verdict *verdict)
{
    const char *text = mh_buf_text(given);
    size_t len = given->len;
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    if (len == 0) return 0;
    int r = mh_json_check(text, len, MH_JSON_ANY, NULL);
    if (r == 0) {
        verdict->result = text;
        verdict->result_len = len;
    }
    if (r != MH_EINVAL) return r;
    if (!mh_utf8_valid(text, len)) return MH_EINVAL;
    mh_json_strn(json, text, len);
    verdict->result = mh_buf_text(json);
    verdict->result_len = json->len;
    return mh_result_why(json);
}

void mh_result_end_spoilt(struct mh_run *run, int why, size_t max)
{
    char error[80];
    if (why == MH_ELIMIT)
        (void)snprintf(error, sizeof error, MH_HANDLER_TOO_LARGE, max);
    else
        (void)snprintf(error, sizeof error, "%s",
                       why == MH_ENOMEM ? "unable to keep the result: out of memory"
                                        : "the result is neither JSON nor UTF-8 text");
    mh_run_end(run, &(struct mh_verdict){.kind = MH_VERDICT_RETRY, .error = error});
}

void mh_result_end(struct mh_run *run, const struct mh_buf *text, size_t max)
{
    struct mh_verdict verdict = {.kind = MH_VERDICT_SUCCESS};
    struct mh_buf json;
    mh_buf_init(&json, max);
    int r = read_text(text, &json, &verdict);
    if (r < 0)
        mh_result_end_spoilt(run, r, max);
    else
        mh_run_end(run, &verdict);
    mh_buf_release(&json);
}
