/* Server-sent events, in the form that browsers know (text/event-stream).
 *
 * A message is lines and an empty one. Ids (queue/place.h) are where the client goes on after its
 * connection was cut; they may be given without a message. Errors are the buffer's. */
#ifndef MH_SSE_H
#define MH_SSE_H

#include "base/buf.h"
#include "queue/place.h"
#include "store/event.h"

#define MH_SSE_TYPE "text/event-stream"

/* What goes before everything else. */
void mh_sse_begin(struct mh_buf *out);

/* An event, after which the client goes on from `id`; NULL: from where it would have before. */
void mh_sse_event(struct mh_buf *out, const struct mh_place *id, const struct mh_event *event);

/* Some events are not kept any more. */
void mh_sse_gap(struct mh_buf *out);

/* The client goes on from `id`, though there is nothing to tell. */
void mh_sse_id(struct mh_buf *out, const struct mh_place *id);

/* What clients pass over. */
void mh_sse_comment(struct mh_buf *out, const char *text);

#endif
