#include "worker/live.h"

#include <string.h>

/* Room for the line that says what was left out. */
#define LEFT_OUT_MAX 64

/* A character that is cut in two here is cut away by the store, which keeps no more than its
 * maximum. */
#define LINE_MAX_BYTES (MH_EVENT_TEXT_MAX + 3)

void mh_live_init(struct mh_live *live)
{
    *live = (struct mh_live){.progress = -1};
    mh_buf_init(&live->message, LINE_MAX_BYTES);
    mh_buf_init(&live->lines, MH_LIVE_MAX + LEFT_OUT_MAX);
}

void mh_live_release(struct mh_live *live)
{
    mh_buf_release(&live->message);
    mh_buf_release(&live->lines);
}

static void let_go(struct mh_live *live)
{
    if (!live->is_taken) return;
    live->progress = -1;
    live->has_message = false;
    live->left_out = 0;
    live->is_taken = false;
    mh_buf_reset(&live->lines);
}

void mh_live_progress(struct mh_live *live, double progress, const char *message)
{
    let_go(live);
    live->progress = progress;
    live->has_message = message != NULL;
    if (message == NULL) return;
    mh_buf_reset(&live->message);
    mh_buf_append(&live->message, message, strnlen(message, LINE_MAX_BYTES));
}

void mh_live_line(struct mh_live *live, const char *line, size_t len)
{
    let_go(live);
    if (len > LINE_MAX_BYTES) len = LINE_MAX_BYTES;
    if (live->left_out > 0 || live->lines.len + len + 1 > MH_LIVE_MAX) {
        live->left_out++;
        return;
    }
    mh_buf_append(&live->lines, line, len);
    mh_buf_char(&live->lines, '\n');
}

bool mh_live_take(struct mh_live *live, struct mh_note *ret_note)
{
    let_go(live);
    if (live->left_out > 0) mh_buf_printf(&live->lines, "[%zu lines left out]\n", live->left_out);
    bool lines = live->lines.len > 0 && !mh_buf_failed(&live->lines);
    if (live->progress < 0 && !lines) return false;
    *ret_note = (struct mh_note){
        .progress = live->progress,
        .message = live->has_message ? mh_buf_text(&live->message) : NULL,
        .log = lines ? live->lines.data : NULL,
        .log_len = lines ? live->lines.len : 0,
    };
    live->is_taken = true;
    return true;
}
