/* Watches, timers, deferred calls and bells on a libuv loop, dropped in one call.
 *
 * libuv's handles close later than they are removed. Here a handle belongs to the loop; its owner
 * drops it and may free itself at once: no callback runs after the drop, also not when it is
 * dropped from inside a callback. Everything else of libuv is used as it is. One loop is one
 * thread. Passing NULL to a drop is allowed. */
#ifndef MH_LOOP_H
#define MH_LOOP_H

#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_watch;
struct mh_timer;
struct mh_soon;
struct mh_bell;

/* Once, before the first loop of a program (not of a library, for it is about every loop of the
 * process): libuv ends a program for which it has no memory for a larger table of descriptors;
 * from here on there is some memory kept for that. */
void mh_loop_keep_memory(void);

/* Before what libuv does in threads of its own (uv_queue_work, uv_getaddrinfo): libuv ends a
 * program for which it cannot start them, so as many are started and ended here first, and the C
 * library keeps what they were made of for the next. Once it went well it does nothing. MH_ENOMEM.
 */
int mh_loop_try_threads(struct mh_err *err) MH_MUST_CHECK;

/* `events` is a mask of UV_READABLE and UV_WRITABLE. An error is reported as both, whatever was
 * asked for; a hang-up as what was asked for, since there may still be something to read. Both go
 * on being reported until the watch is dropped or set to 0. */
typedef void mh_watch_fn(void *arg, int events);
typedef void mh_call_fn(void *arg);

/* Watches `fd`, which stays the caller's: drop the watch before closing it. `events` may be 0 for
 * now. */
int mh_watch_new(uv_loop_t *loop, int fd, int events, mh_watch_fn *fn, void *arg,
                 struct mh_watch **ret_watch, struct mh_err *err) MH_MUST_CHECK;
void mh_watch_set(struct mh_watch *watch, int events);
void mh_watch_drop(struct mh_watch *watch);

/* A timer, not running yet. */
int mh_timer_new(uv_loop_t *loop, mh_call_fn *fn, void *arg, struct mh_timer **ret_timer,
                 struct mh_err *err) MH_MUST_CHECK;

/* Fires once `after_ms` from now, then each `repeat_ms` unless that is 0. Starting again replaces
 * the earlier start. */
void mh_timer_start(struct mh_timer *timer, int64_t after_ms, int64_t repeat_ms);
void mh_timer_stop(struct mh_timer *timer);
void mh_timer_drop(struct mh_timer *timer);

/* A call that can be asked for any number of times and is made once, before the loop next waits:
 * what happened in one round of the loop is handled together. */
int mh_soon_new(uv_loop_t *loop, mh_call_fn *fn, void *arg, struct mh_soon **ret_soon,
                struct mh_err *err) MH_MUST_CHECK;
void mh_soon_ask(struct mh_soon *soon);
void mh_soon_drop(struct mh_soon *soon);

/* A call that any thread may ask for, and a signal handler too: it is made on the loop's thread,
 * once for all that asked before it. Nobody rings a bell that has been dropped. */
int mh_bell_new(uv_loop_t *loop, mh_call_fn *fn, void *arg, struct mh_bell **ret_bell,
                struct mh_err *err) MH_MUST_CHECK;
void mh_bell_ring(struct mh_bell *bell);
void mh_bell_drop(struct mh_bell *bell);

/* Runs the closings that drops have left, then closes the loop. Every handle must have been
 * dropped. */
void mh_loop_close(uv_loop_t *loop);

#endif
