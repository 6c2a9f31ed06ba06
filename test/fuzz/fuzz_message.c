/* The first byte chooses the reader; the rest is a line of a handler. */
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "worker/message.h"

static void check(const struct mh_message *message, const char *line, size_t len)
{
    require(message->progress <= 1 && message->later_ms <= MH_LATER_MAX_MS);
    if (message->kind != MH_MESSAGE_RESULT) return;
    require(message->result >= line && message->result + message->result_len <= line + len);
    require(mh_json_check(message->result, message->result_len, MH_JSON_ANY, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mh_message message;
    struct mh_err err = {0};
    if (size == 0) return 0;
    const char *line = (const char *)data + 1;
    int reader = data[0] % 3;
    int r = reader == 0   ? mh_message_event(line, size - 1, &message)
            : reader == 1 ? mh_message_rpc(line, size - 1, &message, &err)
                          : mh_message_answer(line, size - 1, &message, &err);
    if (r == 0) {
        check(&message, line, size - 1);
        mh_message_release(&message);
    } else if (r == MH_EINVAL && reader != 0) {
        require(err.text[0] != '\0');
    }
    return 0;
}
