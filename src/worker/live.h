/* What a run has to tell those who follow, and has not told yet: how far it has come, the message
 * that went with that, and the lines its handler wrote.
 *
 * Handlers tell at any rate; a worker passes on a few times a second (heartbeat.h). In between the
 * latest progress is kept, and of the lines the first 16 KiB: what is more is left out, and said
 * so. One thread: the loop's. */
#ifndef MH_LIVE_H
#define MH_LIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "store/store.h"

#define MH_LIVE_MAX 16384 /* bytes of lines between two takes */

struct mh_live {
    double progress; /* negative: none */
    bool has_message;
    struct mh_buf message;
    struct mh_buf lines;
    size_t left_out; /* lines */
    bool is_taken;   /* what is here was told; it goes with what comes next */
};

void mh_live_init(struct mh_live *live);
void mh_live_release(struct mh_live *live);

void mh_live_progress(struct mh_live *live, double progress, const char *message); /* or NULL */
void mh_live_line(struct mh_live *live, const char *line, size_t len);

/* True with what there is to tell in `note`, which counts as told; false: nothing. Its texts are
 * borrowed until the next call for `live`; lease and id are not set. */
bool mh_live_take(struct mh_live *live, struct mh_note *ret_note);

#endif
