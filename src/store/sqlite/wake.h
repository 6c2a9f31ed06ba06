/* News between processes that share a file, through the folder <file>-wake/.
 *
 * A listener has a datagram socket there, whose name says what it listens for; a sender writes one
 * byte, the kinds of news, to each that may care. Nothing is waited for: a socket whose owner has
 * died is removed by the next sender, a full one has news enough. News are hints, see store.h. */
#ifndef MH_SQLITE_WAKE_H
#define MH_SQLITE_WAKE_H

#include <uv.h>

#include "base/compiler.h"
#include "store/store.h"

struct mh_listener;

/* Listens beside the file `path` for `kinds` from now on; `fn` gets no others. Makes the folder
 * where there is none. */
int mh_listener_open(uv_loop_t *loop, const char *path, int kinds, mh_news_fn *fn, void *arg,
                     struct mh_listener **ret_listener, struct mh_err *err) MH_MUST_CHECK;

/* No `fn` any more. Accepts NULL. */
void mh_listener_close(struct mh_listener *listener);

/* One thread's. */
struct mh_sender;

/* Opens nothing yet. NULL: out of memory. */
struct mh_sender *mh_sender_new(const char *path);
void mh_sender_send(struct mh_sender *sender, int kinds);
void mh_sender_free(struct mh_sender *sender);

#endif
